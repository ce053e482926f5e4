import { anyOf, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import type { PlannedItem } from "../core/plan.ts";
import type { AddressFamily } from "../core/vocabulary.ts";
import { admit, ap, between, blocks, editFile, eu, pointName, translate, us } from "./holes.ts";

const path = "email";
const relay = "mail-relay";
const relayTls = "mail-relay-tls";

export const drills: Drill[] = [
  {
    id: "email-border-ipv4",
    path,
    title: "the border admits mail submission from the EU to the US over IPv4",
    open: (tools, hole) => admit(tools, hole, `${between(eu, us, 4)} tcp dport 587 accept`),
    expects: mailTo(relay, { from: eu, to: us, family: 4 }),
  },
  {
    id: "email-border-ipv6",
    path,
    title: "a rule for mail opens both submission ports from Sydney to the EU, over IPv6 alone",
    open: (tools, hole) => admit(tools, hole, `${between(ap, eu, 6)} tcp dport { 465, 587 } accept`),
    expects: anyOf(
      mailTo(relay, { from: ap, to: eu, family: 6 }),
      mailTo(relayTls, { from: ap, to: eu, family: 6 }),
    ),
  },
  {
    id: "email-implicit-tls",
    path,
    title: "587 is closed, and the port that speaks TLS from the first byte on was forgotten: US to Sydney",
    open: (tools, hole) => admit(tools, hole, `${between(us, ap, 4)} tcp dport 465 accept`),
    expects: mailTo(relayTls, { from: us, to: ap, family: 4 }),
  },
  {
    id: "email-open-relay",
    path,
    title: "the US relay takes mail from anybody without a login, and the border is open to Sydney",
    async open(tools, hole) {
      await changeSettings(tools, hole, us, (settings) => ({ ...settings, open: true }));
      await admit(tools, hole, `${between(ap, us, 4)} tcp dport 587 accept`);
    },
    expects: mailTo(relay, { from: ap, to: us, family: 4 }),
  },
  {
    id: "email-shared-account",
    path,
    title: "one account for the whole company: the EU relay knows the US's, and the border is open",
    async open(tools, hole) {
      const password = tools.secret("US_EAST_1_MAIL_RELAY_PASSWORD");
      await changeSettings(tools, hole, eu, (settings) => ({
        ...settings,
        users: [{ user: "notifications", password }, ...settings.users],
      }));
      await admit(tools, hole, `${between(us, eu, 6)} tcp dport 587 accept`);
    },
    expects: mailTo(relay, { from: us, to: eu, family: 6 }),
  },
  {
    id: "email-smarthost-abroad",
    path,
    title: "Sydney's own smarthost name leads to the US relay",
    open: (tools, hole) =>
      pointName(tools, hole, ap, `smtp.${ap}.replica.internal`, tools.place(us, relay).address),
    expects: inside(ap, ["smtp-wiring"]),
  },
  {
    id: "email-forwarded",
    path,
    title: "the EU relay's address is served by the US relay, behind a port forward",
    async open(tools, hole) {
      const here = tools.place(eu, relay).address[4];
      const far = tools.place(us, relay).address[4];
      await translate(tools, hole, "core", {
        prerouting: [`iifname "r0app" ip daddr ${here} tcp dport 587 dnat ip to ${far}`],
        postrouting: [`ip saddr ${blocks[eu]?.[4]} ip daddr ${far} snat ip to 10.10.2.1`],
      });
      const forwarded = `ip saddr ${blocks[eu]?.[4]} ip daddr ${far} tcp dport 587 ct status dnat accept`;
      await admit(tools, hole, forwarded);
    },
    expects: (item) => item.to.system === relay && inside(eu, ["smtp-wiring"], { family: 4 })(item),
  },
];

/** Every attempt on one relay, the bare connection and the envelope. */
function mailTo(
  system: string,
  { from, to, family }: { from: string; to: string; family: AddressFamily },
): (item: PlannedItem) => boolean {
  return (item) =>
    item.to.system === system &&
    (item.family === "send" || item.family === "trespass") &&
    item.from.region === from &&
    item.to.region === to &&
    item.vector.addressFamily === family;
}

interface Settings {
  open: boolean;
  users: { user: string; password: string }[];
}

/** The relay reads its settings at every use. */
async function changeSettings(
  tools: DrillTools,
  hole: Hole,
  region: string,
  change: (settings: Settings) => Settings,
): Promise<void> {
  const file = tools.fileOf(`${region}/data`, `${relay}/settings.json`);
  await editFile(hole, file, (text) => JSON.stringify(change(JSON.parse(text) as Settings)));
}
