import { createServer, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { anAttempt } from "../tests/an-attempt.ts";
import { Loopback } from "../tests/loopback.ts";
import { awsSnapshots } from "./aws-snapshots.ts";
import { newCanary } from "./canary.ts";
import type { Probe } from "./probe.ts";

let loopback: Loopback;
beforeEach(() => {
  loopback = new Loopback();
});
afterEach(() => loopback[Symbol.asyncDispose]());

const canary = newCanary();
const tags = `<TagList><Tag><Key>ringfence-canary</Key><Value>${canary}</Value></Tag></TagList>`;
const own = `<DBSnapshot><DBSnapshotIdentifier>canary</DBSnapshotIdentifier><DBSnapshotArn>arn:aws:rds:eu:111122223333:snapshot:canary</DBSnapshotArn>${tags}</DBSnapshot>`;
const result = (action: string, inner: string) =>
  `<${action}Response><${action}Result>${inner}</${action}Result></${action}Response>`;
const shared = (attributes: string) =>
  `<DBSnapshotAttributesResult><DBSnapshotIdentifier>canary</DBSnapshotIdentifier><DBSnapshotAttributes>${attributes}</DBSnapshotAttributes></DBSnapshotAttributesResult>`;
const nobody = shared(
  "<DBSnapshotAttribute><AttributeName>restore</AttributeName><AttributeValues></AttributeValues></DBSnapshotAttribute>",
);

interface Said {
  /** Behind the own snapshot. */
  snapshots?: string;
  sharing?: string;
  plan?: object;
}

/** An AWS of one region that speaks RDS's XML and AWS Backup's JSON, and says no more than it is given. */
async function look(check: string, { snapshots = "", sharing = nobody, plan = { Rules: [] } }: Said) {
  const answers: Record<string, string> = {
    DescribeDBSnapshots: `<DBSnapshots>${own}${snapshots}</DBSnapshots>`,
    DescribeDBSnapshotAttributes: sharing,
    DescribeDBInstanceAutomatedBackups: "<DBInstanceAutomatedBackups></DBInstanceAutomatedBackups>",
  };
  const server = createServer(async (asked: IncomingMessage, response) => {
    const { url = "" } = asked;
    const action = new URLSearchParams(Buffer.concat(await asked.toArray()).toString()).get("Action");
    response.writeHead(200, { "x-amzn-requestid": "1" });
    if (action !== null) response.end(result(action, answers[action] ?? ""));
    else if (url.startsWith("/tags/")) response.end(JSON.stringify({ Tags: { "ringfence-canary": canary } }));
    else if (/^\/backup\/plans\/nightly/.test(url)) response.end(JSON.stringify({ BackupPlan: plan }));
    else response.end(JSON.stringify({ BackupPlansList: [{ BackupPlanId: "nightly" }] }));
  });
  const pair = { accessKeyId: "env:X", secretAccessKey: "env:X" };
  const endpoint = awsSnapshots.endpoint.parse({
    host: "127.0.0.1",
    backup: "127.0.0.1",
    port: await loopback.serve(server),
    tls: false,
    region: "eu",
    account: "111122223333",
    snapshot: "canary",
    vault: "vault",
    copyRole: "arn:aws:iam::111122223333:role/copy",
    credentials: { own: pair, canary: pair },
  });
  const probe = awsSnapshots as unknown as Probe;
  return anAttempt({ probe, check, endpoint, secrets: { "env:X": "x" } });
}

const another = (inner: string) =>
  `<DBSnapshot><DBSnapshotIdentifier>other</DBSnapshotIdentifier><SnapshotType>automated</SnapshotType>${inner}</DBSnapshot>`;

test.each<[string, string, Said, boolean]>([
  [
    "snapshot-stray",
    "tells that a snapshot has no tags",
    { snapshots: another("<TagList></TagList>") },
    true,
  ],
  ["snapshot-stray", "tells no tags of a snapshot", { snapshots: another("") }, false],
  ["snapshot-links", "tells that nobody shares a snapshot", {}, true],
  ["snapshot-links", "does not tell who shares a snapshot", { sharing: shared("") }, false],
  ["backup-links", "tells the rules of a plan", {}, true],
  ["backup-links", "tells no rules of a plan", { plan: {} }, false],
])("%s: a region that %s", async (check, _what, said, isTold) => {
  const { outcome } = await look(check, said);
  expect(outcome).toEqual(
    isTold
      ? { kind: "reached", rung: "data", canary: sha256(canary) }
      : { kind: "faulted", code: "NOT_ANSWERED_BY_AWS" },
  );
});
