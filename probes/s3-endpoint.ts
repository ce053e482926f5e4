import { z } from "zod";
import { HostName, Port, SecretReference } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { canaryDigest } from "./canary.ts";
import type { TryContext } from "./probe.ts";

const accessKey = z.strictObject({ accessKeyId: SecretReference, secretAccessKey: SecretReference });

export const S3Endpoint = z.strictObject({
  host: HostName.describe("The regional S3 endpoint, such as s3.eu-central-1.amazonaws.com"),
  sts: HostName.describe("The regional STS endpoint"),
  port: Port.default(443),
  tls: z.boolean().default(true).describe("false for an emulator that speaks plain HTTP"),
  region: z.string().min(1).describe("The AWS region of the bucket"),
  bucket: z.string().min(3).max(63),
  canaryKey: z.string().min(1).default("ringfence/canary"),
  canaryRole: z.string().startsWith("arn:").describe("A role of the home region that may read the canary"),
  restore: z
    .strictObject({
      key: z.string().min(1).describe("A plain dump of ringfence.backup_canary in the bucket, gzip or not"),
      host: HostName.describe("A PostgreSQL of the region itself, into which the dump is restored"),
      port: Port.default(5432),
      database: z.string().min(1).default("postgres"),
      tls: z.boolean().default(true),
    })
    .optional()
    .describe("Backups of a database lie here: tries to fetch and restore the far one"),
  credentials: z.strictObject({
    own: accessKey.describe("The region's workload"),
    canary: accessKey.describe("Reads the canary object and nothing else; the other regions try it"),
    restore: z
      .strictObject({ user: z.string().min(1), password: SecretReference })
      .optional()
      .describe("May create a schema in the `restore` database; what it makes is rolled back"),
  }),
});
export type S3Endpoint = z.infer<typeof S3Endpoint>;
export type S3Context = TryContext<S3Endpoint>;

/** The key pair of the vector: the own workload's, or the target's canary credentials. */
export function keysOf({ item, own, target, secret }: S3Context) {
  const pair = item.vector.credentials === "target" ? target.credentials.canary : own.credentials.own;
  return { accessKeyId: secret(pair.accessKeyId), secretAccessKey: secret(pair.secretAccessKey) };
}

/** Bytes that are no canary prove nothing: a proxy's page looks like success, too. */
export function readOutcome(body: string): Outcome {
  const canary = canaryDigest(body);
  return canary
    ? { kind: "reached", rung: "data", canary }
    : { kind: "faulted", code: "NO_CANARY_IN_ANSWER" };
}

/** Where what this run copies or sends lies for the moment until it is removed; a search passes it over. */
export function copiesOf({ runId }: S3Context): string {
  return `ringfence/copied/${runId}/`;
}
