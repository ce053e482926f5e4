import { anyOf, crossing, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { admit, ap, between, blocks, eu, pointName, translate, us } from "./holes.ts";

const path = "cache";
const system = "session-cache";
const port = "tcp dport 6379";
const key = "ringfence:canary";

export const drills: Drill[] = [
  {
    id: "cache-border-ipv4",
    path,
    title: "the border admits Sydney's IPv4 block to 6379 in the EU",
    open: (tools, hole) => admit(tools, hole, `${between(ap, eu, 4)} ${port} accept`),
    expects: crossing(ap, eu, { family: 4 }),
  },
  {
    id: "cache-border-ipv6",
    path,
    title: "the border admits Sydney's IPv6 block to 6379 in the EU; IPv4 stays closed",
    open: (tools, hole) => admit(tools, hole, `${between(ap, eu, 6)} ${port} accept`),
    expects: crossing(ap, eu, { family: 6 }),
  },
  {
    id: "cache-all-ports",
    path,
    title: "a rule for monitoring opens every port from the US to Sydney",
    open: (tools, hole) => admit(tools, hole, `${between(us, ap, 4)} accept`),
    expects: crossing(us, ap, { family: 4 }),
  },
  {
    id: "cache-no-password",
    path,
    title: "the US cache lets anybody in without a password, and the border is open to the EU",
    async open(tools, hole) {
      hole.closeBy(() => tools.redis(us, system, "ACL", "SETUSER", "default", "off", "resetpass"));
      await tools.redis(us, system, "ACL", "SETUSER", "default", "on", "nopass", "~*", "+@all");
      await admit(tools, hole, `${between(eu, us, 4)} ${port} accept`);
    },
    expects: crossing(eu, us, { family: 4 }),
  },
  {
    id: "cache-shared",
    path,
    title: "the EU's cache address is served by the US cache, which knows the EU's passwords",
    async open(tools, hole) {
      const here = tools.place(eu, system).address[4];
      const far = tools.place(us, system).address[4];
      await sharePasswords(tools, hole);
      await translate(tools, hole, "core", {
        prerouting: [`iifname "r0app" ip daddr ${here} ${port} dnat ip to ${far}`],
        postrouting: [`ip saddr ${blocks[eu]?.[4]} ip daddr ${far} snat ip to 10.10.2.1`],
      });
      await admit(tools, hole, `ip saddr ${blocks[eu]?.[4]} ip daddr ${far} ${port} ct status dnat accept`);
    },
    expects: anyOf(
      inside(eu, ["redis-wiring", "redis-links"], { family: 4 }),
      inside(eu, ["redis-stray"], { family: 4, about: us }),
    ),
  },
  {
    id: "cache-wrong-name",
    path,
    title: "the US's own cache name leads to the EU",
    open: (tools, hole) =>
      pointName(tools, hole, us, `${system}.${us}.replica.internal`, tools.place(eu, system).address),
    expects: inside(us, ["redis-wiring"]),
  },
  {
    id: "cache-replica-abroad",
    path,
    title: "the EU cache follows the US cache over a line between the two",
    open: (tools, hole) => replicate(tools, hole, { replica: eu, primary: us }),
    expects: anyOf(
      inside(eu, ["redis-links", "redis-wiring"]),
      inside(us, ["redis-links"]),
      inside(eu, ["redis-stray"], { about: us }),
    ),
  },
  {
    id: "cache-replica-waiting",
    path,
    title: "the Sydney cache is told to follow the EU's by name, and cannot reach it",
    async open(tools, hole) {
      const canary = String(await tools.redis(ap, system, "GET", key));
      hole.closeBy(() => tools.redis(ap, system, "SET", key, canary));
      hole.closeBy(() => tools.redis(ap, system, "REPLICAOF", "NO", "ONE"));
      await tools.redis(ap, system, "REPLICAOF", `${system}.${eu}.replica.internal`, "6379");
    },
    expects: inside(ap, ["redis-links"]),
  },
  {
    id: "cache-copied-session",
    path,
    title: "a session of the EU was copied into the US cache under a name of its own",
    open: (tools, hole) => plant(tools, hole, { from: eu, into: us, under: "session:3f9a" }),
    expects: inside(us, ["redis-stray"], { about: eu }),
  },
  {
    id: "cache-restored-snapshot",
    path,
    title: "a snapshot of Sydney's cache was restored into the EU's, beside its own keys",
    open: (tools, hole) => plant(tools, hole, { from: ap, into: eu, under: "{restored}:canary" }),
    expects: inside(eu, ["redis-stray"], { about: ap }),
  },
  {
    id: "cache-global-sessions",
    path,
    title: "a global login service writes everybody's sessions into every cache",
    async open(tools, hole) {
      await plant(tools, hole, { from: eu, into: ap, under: "login:eu" });
      await plant(tools, hole, { from: us, into: ap, under: "login:us" });
    },
    expects: anyOf(inside(ap, ["redis-stray"], { about: eu }), inside(ap, ["redis-stray"], { about: us })),
  },
  {
    id: "cache-one-in-twenty",
    path,
    title: "a broken rule lets one connection in twenty from the US through to the EU's cache",
    open: (tools, hole) =>
      admit(tools, hole, `${between(us, eu, 6)} ${port} ct state new numgen inc mod 20 == 0 accept`),
    expects: crossing(us, eu, { family: 6 }),
    atLeastOne: true,
  },
];

/** The US server accepts what the EU's users log in with, beside its own passwords. */
async function sharePasswords(tools: DrillTools, hole: Hole): Promise<void> {
  const users = {
    web_app: "PASSWORD",
    ringfence_canary: "CANARY_PASSWORD",
    ringfence_auditor: "AUDITOR_PASSWORD",
  };
  for (const [user, name] of Object.entries(users)) {
    const secret = tools.secret(`EU_CENTRAL_1_SESSION_CACHE_${name}`);
    hole.closeBy(() => tools.redis(us, system, "ACL", "SETUSER", user, `<${secret}`));
    await tools.redis(us, system, "ACL", "SETUSER", user, `>${secret}`);
  }
}

async function plant(
  tools: DrillTools,
  hole: Hole,
  { from, into, under }: { from: string; into: string; under: string },
): Promise<void> {
  const canary = String(await tools.redis(from, system, "GET", key));
  hole.closeBy(() => tools.redis(into, system, "DEL", under));
  await tools.redis(into, system, "SET", under, canary);
}

/** A real Redis replica across the border, its data line opened between the two data hosts only. */
async function replicate(
  tools: DrillTools,
  hole: Hole,
  { replica, primary }: { replica: string; primary: string },
): Promise<void> {
  const far = tools.place(primary, system).address[4];
  const here = tools.place(replica, system).address[4];
  const canary = String(await tools.redis(replica, system, "GET", key));
  const before = await everyKey(tools, replica);
  // Following replaces all that the cache holds, what other systems keep there included.
  hole.closeBy(async () => {
    await tools.redis(replica, system, "FLUSHALL");
    for (const [name, value] of before) await tools.redis(replica, system, "SET", name, value);
  });
  await admit(tools, hole, `ip saddr 10.10.2.0/24 ip daddr ${far} ${port} accept`);
  hole.closeBy(() => tools.redis(primary, system, "ACL", "DELUSER", "follower"));
  await tools.redis(
    primary,
    system,
    "ACL",
    "SETUSER",
    "follower",
    "on",
    ">follow-me",
    "+psync",
    "+replconf",
    "+ping",
  );
  hole.closeBy(() => tools.redis(replica, system, "REPLICAOF", "NO", "ONE"));
  hole.closeBy(() => tools.redis(replica, system, "CONFIG", "SET", "masteruser", "", "masterauth", ""));
  await tools.redis(
    replica,
    system,
    "CONFIG",
    "SET",
    "masteruser",
    "follower",
    "masterauth",
    "follow-me",
    "repl-diskless-load",
    "swapdb",
  );
  await tools.redis(replica, system, "REPLICAOF", far, "6379");
  await followed(tools, { replica, canary, here });
}

async function everyKey(tools: DrillTools, region: string): Promise<Map<string, string>> {
  const names = (await tools.redis(region, system, "KEYS", "*")) as string[];
  const values = new Map<string, string>();
  for (const name of names) values.set(name, String(await tools.redis(region, system, "GET", name)));
  return values;
}

async function followed(
  tools: DrillTools,
  { replica, canary, here }: { replica: string; canary: string; here: string },
): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (String(await tools.redis(replica, system, "GET", key)) !== canary) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`nothing arrived at ${here}`);
}
