import type { Authority } from "./certificates.ts";
import type { InitJob } from "./init.ts";
import type { HeldHost } from "./namespace.ts";
import type { Provision } from "./provision.ts";
import type { TenantMove } from "./tenant-moves.ts";
import type { Topology } from "./topology.ts";

export interface Boot {
  job: InitJob;
  topology: Topology;
  provisions: readonly Provision[];
  authority: Authority;
}

/** How the replica serves one kind: `servers/KIND.ts` exports one as `server`. */
export interface KindServer {
  /** What takes long and needs no network; runs while the hosts are made, and before `serve`. */
  prepare?(boot: Boot, mine: readonly Provision[]): Promise<void>;
  /** All systems of the kind that stand on one host. */
  serve(boot: Boot, mine: readonly Provision[], held: HeldHost): Promise<void>;
  /** Once all are served: a tenant moves, and its canary with it. `serve` has not planted that canary. */
  move?(boot: Boot, move: TenantMove): Promise<void>;
  /** What to log in with to break one by hand. */
  admin?(provision: Provision): Record<string, string>;
}

/** The server of each kind that the map uses. */
export async function loadServers(kinds: readonly string[]): Promise<Map<string, KindServer>> {
  const loaded = await Promise.all(
    [...new Set(kinds)].map(async (kind) => {
      const { server } = (await import(`./servers/${kind}.ts`)) as { server: KindServer };
      return [kind, server] as const;
    }),
  );
  return new Map(loaded);
}
