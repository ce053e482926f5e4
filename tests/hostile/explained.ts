import pg from "pg";
import type { Tried } from "../../core/a-trial.ts";
import { https } from "../../probes/https.ts";
import { Ladder } from "../../probes/ladder.ts";
import { legible } from "../../probes/legible.ts";
import { postgres } from "../../probes/postgres.ts";
import type { Probe } from "../../probes/probe.ts";
import { redis } from "../../probes/redis.ts";
import { s3 } from "../../probes/s3.ts";
import { smtp } from "../../probes/smtp.ts";
import { ssh } from "../../probes/ssh.ts";
import { tcp } from "../../probes/tcp.ts";

/** The errors that clients raise from what a server said, as the probes explain them. */
export function explainable(said: string): [string, () => Promise<Tried>][] {
  const database = Object.assign(new pg.DatabaseError(said, 1, "error"), { code: said, detail: said });
  const service = Object.assign(new Error(said), { name: said, Code: said, $metadata: { requestId: said } });
  const cases: [string, Probe, unknown][] = [
    ["a PostgreSQL error with a made-up SQLSTATE", postgres as Probe, database],
    ["a PostgreSQL client's error with a made-up code", postgres as Probe, { code: said, message: said }],
    ["a Redis error", redis as Probe, Object.assign(new Error(said), { code: said })],
    ["an S3 error", s3 as unknown as Probe, service],
    [
      "an S3 error with a made-up code of Node",
      s3 as unknown as Probe,
      Object.assign(service, { code: said }),
    ],
    [
      "an SSH error",
      ssh as unknown as Probe,
      Object.assign(new Error(said), { level: said, code: said, description: said }),
    ],
    ["an SMTP error", smtp as unknown as Probe, Object.assign(new Error(said), { code: said })],
    ["an HTTP client's error", https as unknown as Probe, Object.assign(new Error(said), { code: said })],
    ["a TCP error", tcp as unknown as Probe, Object.assign(new Error(said), { code: said })],
  ];
  return cases.map(([what, probe, error]) => [
    what,
    async () => {
      const { outcome } = legible({ outcome: probe.explain(error, new Ladder()) });
      return { outcome, climbed: "network" };
    },
  ]);
}
