import { anyOf, crossing, type DockerTools, type Hole, inside } from "../../core/drill.ts";
import { ap, connect, type DockerDrill, eu, eventuallyTrue, link, serveFrom, us } from "./holes.ts";

const path = "cache";
const system = "session-cache";
const key = "ringfence:canary";

export const drills: DockerDrill[] = [
  {
    id: "cache-second-network",
    path,
    title: "Sydney's cache container is joined to the EU network, too",
    open: (tools, hole) =>
      connect(tools, hole, { container: tools.container(ap, system), network: tools.network(eu) }),
    expects: crossing(eu, ap, { route: "address" }),
  },
  {
    id: "cache-runner-joined",
    path,
    title: "the EU's workload is joined to the US network, too",
    open: (tools, hole) =>
      connect(tools, hole, { container: tools.container(eu, "runner"), network: tools.network(us) }),
    expects: crossing(eu, us),
  },
  {
    id: "cache-shared",
    path,
    title:
      "one Redis serves the EU and the US: the US's address is the EU's container, with the US's passwords",
    async open(tools, hole) {
      await sharePasswords(tools, hole, { server: eu, of: us });
      await serveFrom(tools, hole, { from: eu, at: us, system });
    },
    expects: anyOf(
      inside(us, ["redis-stray"], { about: eu }),
      inside(us, ["redis-links", "redis-wiring"]),
      crossing(us, eu, { route: "address" }),
    ),
  },
  {
    id: "cache-replica-abroad",
    path,
    title: "the EU's cache follows the US's over a link network",
    open: follow,
    expects: anyOf(
      inside(eu, ["redis-links", "redis-wiring"]),
      inside(us, ["redis-links"]),
      inside(eu, ["redis-stray"], { about: us }),
    ),
  },
  {
    id: "cache-copied-session",
    path,
    title: "a session of the US was copied into Sydney's cache by hand",
    async open(tools, hole) {
      hole.closeBy(() => tools.redis(ap, system, "DEL", "session:3f9a"));
      await tools.redis(ap, system, "SET", "session:3f9a", await tools.redis(us, system, "GET", key));
    },
    expects: inside(ap, ["redis-stray"], { about: us }),
  },
];

async function sharePasswords(
  tools: DockerTools,
  hole: Hole,
  { server, of }: { server: string; of: string },
): Promise<void> {
  const variable = (name: string) => `${of.toUpperCase().replaceAll("-", "_")}_SESSION_CACHE_${name}`;
  const users = {
    web_app: "PASSWORD",
    ringfence_canary: "CANARY_PASSWORD",
    ringfence_auditor: "AUDITOR_PASSWORD",
  };
  for (const [user, name] of Object.entries(users)) {
    const secret = tools.secret(variable(name));
    hole.closeBy(() => tools.redis(server, system, "ACL", "SETUSER", user, `<${secret}`));
    await tools.redis(server, system, "ACL", "SETUSER", user, `>${secret}`);
  }
}

async function follow(tools: DockerTools, hole: Hole): Promise<void> {
  const canary = await tools.redis(eu, system, "GET", key);
  hole.closeBy(() => tools.redis(eu, system, "SET", key, canary));
  const primary = await link(tools, hole, [tools.container(us, system), tools.container(eu, system)]);
  hole.closeBy(() => tools.redis(us, system, "ACL", "DELUSER", "follower"));
  const rights = ["on", ">follow-me", "+psync", "+replconf", "+ping"];
  await tools.redis(us, system, "ACL", "SETUSER", "follower", ...rights);
  hole.closeBy(() => tools.redis(eu, system, "REPLICAOF", "NO", "ONE"));
  hole.closeBy(() => tools.redis(eu, system, "CONFIG", "SET", "masteruser", "", "masterauth", ""));
  const login = ["masteruser", "follower", "masterauth", "follow-me", "repl-diskless-load", "swapdb"];
  await tools.redis(eu, system, "CONFIG", "SET", ...login);
  await tools.redis(eu, system, "REPLICAOF", primary, "6379");
  const arrived = async () => (await tools.redis(eu, system, "GET", key)) !== canary;
  await eventuallyTrue(arrived, "the US's keys in the EU");
}
