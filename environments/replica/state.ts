import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { RingfenceError } from "../../core/errors.ts";

const pid = z.int().positive();

/** What `up` writes, so that others can observe, enter and break the replica while it is up. It holds
 *  secrets of the replica, which end with it; the file is readable by its owner only. */
export const ReplicaState = z.strictObject({
  environment: z.literal("replica"),
  privilege: z.array(z.string()),
  firewall: z.strictObject({ family: z.string(), table: z.string(), chain: z.string() }),
  /** `pid` as seen from outside: `nsenter --target PID --user --net …` enters the host. */
  hosts: z.record(z.string(), z.strictObject({ pid, addresses: z.array(z.string()).optional() })),
  systems: z.record(
    z.string(),
    z.strictObject({
      kind: z.string(),
      address: z.string(),
      address6: z.string(),
      port: z.int(),
      /** Credentials to break things with. */
      admin: z.record(z.string(), z.string()),
    }),
  ),
  /** Per region: the file its resolver answers from, in the format of /etc/hosts, as seen from outside. */
  names: z.record(z.string(), z.string()),
  /** Where a host sees its own files, such as the certificate authority's `ca.pem`. */
  work: z.string(),
  ca: z.string(),
  planted: z.record(z.string(), z.record(z.string(), z.string())),
  /** Per region, the environment variables behind the map's references: its own, and all canaries'. */
  credentials: z.record(z.string(), z.record(z.string(), z.string())),
});
export type ReplicaState = z.infer<typeof ReplicaState>;

/** Reads the file that `up` wrote; throws STATE_INVALID. */
export function readState(at: string | null): ReplicaState {
  if (at === null)
    throw new RingfenceError("STATE_INVALID", "no running replica was named", {
      fix: "name with --attach the file that `ringfence up --state FILE` wrote",
    });
  const file = resolve(at);
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new RingfenceError("STATE_INVALID", `no state of a running replica in ${file}`, {
      cause,
      fix: "start one with `npm run -s ringfence -- up --env replica --state FILE`, and name that FILE",
    });
  }
  const parsed = ReplicaState.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new RingfenceError(
    "STATE_INVALID",
    `${file} is no state of a replica: ${z.prettifyError(parsed.error)}`,
    {
      fix: "name the file that `up --state FILE` wrote",
    },
  );
}
