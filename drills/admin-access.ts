import { readFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { anyOf, crossing, type Drill, type DrillTools, Hole, inside } from "../core/drill.ts";
import type { PlannedItem } from "../core/plan.ts";
import {
  admit,
  ap,
  between,
  blocks,
  changePage,
  copyDocument,
  editFile,
  eu,
  pointName,
  translate,
  us,
} from "./holes.ts";

const path = "admin-access";
const system = "bastion";
const port = "tcp dport 22";
const record = "ssh-access-record";

export const drills: Drill[] = [
  {
    id: "admin-access-border-ipv4",
    path,
    title: "the border admits SSH from the EU to the US over IPv4",
    open: (tools, hole) => admit(tools, hole, `${between(eu, us, 4)} ${port} accept`),
    expects: at(system, crossing(eu, us, { family: 4 })),
  },
  {
    id: "admin-access-border-ipv6",
    path,
    title: "the border admits SSH from the US to Sydney over IPv6; IPv4 stays closed",
    open: (tools, hole) => admit(tools, hole, `${between(us, ap, 6)} ${port} accept`),
    expects: at(system, crossing(us, ap, { family: 6 })),
  },
  {
    id: "admin-access-gateway",
    path,
    title: "the operators' session gateway of the EU can be reached from Sydney",
    open: (tools, hole) => admit(tools, hole, `${between(ap, eu, 4)} tcp dport 8443 accept`),
    expects: at("operator-gateway", crossing(ap, eu, { family: 4 })),
  },
  {
    id: "admin-access-panel-border",
    path,
    title: "support in the US may open the EU's admin panel",
    open: (tools, hole) => admit(tools, hole, `${between(us, eu, 4)} tcp dport 8445 accept`),
    expects: at("admin-panel", crossing(us, eu, { family: 4 })),
  },
  {
    id: "admin-access-panel-tenants",
    path,
    title: "the US panel lists a tenant of the EU",
    open: (tools, hole) =>
      copyDocument(tools, hole, {
        system: "admin-panel",
        path: "/admin/tenants/ringfence-canary",
        from: eu,
        into: us,
      }),
    expects: inside(us, ["https-stray"], { about: eu }),
  },
  {
    id: "admin-access-panel-fans-out",
    path,
    title: "Sydney's panel asks the panels of all regions",
    open: (tools, hole) =>
      changePage(tools, hole, { region: ap, system: "admin-panel", path: "/admin/regions" }, () => ({
        backends: [ap, us, eu].map((region) => `admin.${region}.replica.internal`),
      })),
    expects: inside(ap, ["https-links"]),
  },
  {
    id: "admin-access-shared-operator",
    path,
    title: "the US bastion knows the EU operator's key, the border is open, and the operator used it",
    async open(tools, hole) {
      await letIn(tools, hole, { operatorOf: eu, at: us });
      await admit(tools, hole, `${between(eu, us, 4)} ${port} accept`);
      await logIn(tools, hole, { operatorOf: eu, from: eu, at: us });
    },
    expects: anyOf(at(system, crossing(eu, us, { family: 4 })), inside(us, [record])),
  },
  {
    id: "admin-access-operator-abroad",
    path,
    title: "a US operator was on the EU's bastion through a hole that is closed again",
    async open(tools, hole) {
      await letIn(tools, hole, { operatorOf: us, at: eu });
      await using passage = new Hole();
      await admit(tools, passage, `${between(us, eu, 6)} ${port} accept`);
      await logIn(tools, hole, { operatorOf: us, from: us, at: eu, family: 6 });
    },
    expects: inside(eu, [record]),
  },
  {
    id: "admin-access-operator-by-jump",
    path,
    title: "a US operator was on Sydney's bastion, from a machine inside Sydney",
    async open(tools, hole) {
      await letIn(tools, hole, { operatorOf: us, at: ap });
      await logIn(tools, hole, { operatorOf: us, from: ap, at: ap });
    },
    expects: inside(ap, [record]),
  },
  {
    id: "admin-access-own-operator-abroad",
    path,
    title: "Sydney's own operator logs in from the office in the US, over a line between the two",
    async open(tools, hole) {
      await using passage = new Hole();
      await admit(tools, passage, `${between(us, ap, 4)} ${port} accept`);
      await logIn(tools, hole, { operatorOf: ap, from: us, at: ap });
    },
    expects: inside(ap, [record]),
  },
  {
    id: "admin-access-wrong-name",
    path,
    title: "Sydney's own bastion name leads to the EU",
    open: (tools, hole) =>
      pointName(tools, hole, ap, `${system}.${ap}.replica.internal`, tools.place(eu, system).address),
    expects: inside(ap, ["ssh-wiring"]),
  },
  {
    id: "admin-access-forwarded",
    path,
    title: "a port forward shows the US bastion at the EU bastion's address; operators have accounts on both",
    async open(tools, hole) {
      const here = tools.place(eu, system).address[4];
      const far = tools.place(us, system).address[4];
      const shared = readFileSync(fileIn(tools, eu, "accounts.json"), "utf8");
      await editFile(hole, fileIn(tools, us, "access-record"), (text) => text);
      await editFile(hole, fileIn(tools, us, "accounts.json"), (text) => merged(shared, text));
      await translate(tools, hole, "core", {
        prerouting: [`iifname "r0app" ip daddr ${here} ${port} dnat ip to ${far}`],
        postrouting: [`ip saddr ${blocks[eu]?.[4]} ip daddr ${far} snat ip to 10.10.2.1`],
      });
      await admit(tools, hole, `ip saddr ${blocks[eu]?.[4]} ip daddr ${far} ${port} ct status dnat accept`);
    },
    expects: inside(eu, ["ssh-wiring", record], { family: 4 }),
  },
];

function at(id: string, crossings: (item: PlannedItem) => boolean): (item: PlannedItem) => boolean {
  return (item) => item.to.system === id && crossings(item);
}

function fileIn(tools: DrillTools, region: string, name: string): string {
  return tools.fileOf(`${region}/data`, `${system}/${name}`);
}

function operatorKey(tools: DrillTools, region: string): string {
  return tools.secret(`${region.toUpperCase().replaceAll("-", "_")}_BASTION_OPERATOR_KEY`);
}

interface Account {
  name: string;
}

/** The accounts of one bastion, and those of another that it has not itself. */
function merged(first: string, second: string): string {
  const all = [...(JSON.parse(second) as Account[]), ...(JSON.parse(first) as Account[])];
  const names = new Map(all.map((account) => [account.name, account]));
  return JSON.stringify([...names.values()]);
}

/** A region's bastion knows the key of another region's operator. */
async function letIn(
  tools: DrillTools,
  hole: Hole,
  { operatorOf, at }: { operatorOf: string; at: string },
): Promise<void> {
  const key = ssh2.utils.parseKey(operatorKey(tools, operatorOf));
  if (key instanceof Error) throw key;
  const publicKey = `${key.type} ${key.getPublicSSH().toString("base64")}`;
  const account = { name: `operator-${operatorOf}`, publicKey, reads: ["ringfence-canary"] };
  await editFile(hole, fileIn(tools, at, "accounts.json"), (text) =>
    JSON.stringify([...(JSON.parse(text) as Account[]), account]),
  );
}

/** An operator really logs in; with the hole, the record forgets it. */
async function logIn(
  tools: DrillTools,
  hole: Hole,
  { operatorOf, from, at, family = 4 }: { operatorOf: string; from: string; at: string; family?: 4 | 6 },
): Promise<void> {
  await editFile(hole, fileIn(tools, at, "access-record"), (text) => text);
  const script = join(import.meta.dirname, "..", "fixtures", "bastion", "log-in.mjs");
  const login = {
    host: tools.place(at, system).address[family],
    port: 22,
    username: `operator-${operatorOf}`,
    privateKey: operatorKey(tools, operatorOf),
    command: "cat ringfence-canary",
  };
  const printed = await tools.command(`${from}/app`, [process.execPath, script], JSON.stringify(login));
  if (!printed.startsWith("ringfence-canary-")) throw new Error("the operator was not let in");
}
