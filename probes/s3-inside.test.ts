import { createServer } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { anAttempt } from "../tests/an-attempt.ts";
import { Loopback } from "../tests/loopback.ts";
import { newCanary } from "./canary.ts";
import type { Probe } from "./probe.ts";
import { s3 } from "./s3.ts";

let loopback: Loopback;
beforeEach(() => {
  loopback = new Loopback();
});
afterEach(() => loopback[Symbol.asyncDispose]());

const canary = newCanary();
const page = "<html><body>blocked</body></html>";
const signed = { "x-amz-request-id": "1" };

interface Said {
  headers: Record<string, string>;
  body: string;
}

/** A store that hands out the canary, and says `said` when it is asked about its bucket. `head`: of a HEAD. */
async function look(check: string, said: Said, head: Said["headers"] = signed) {
  const server = createServer(({ method, url = "" }, response) => {
    if (method === "HEAD") return void response.writeHead(200, head).end();
    const { headers, body } = /[?&](location|replication|versions)/.test(url)
      ? said
      : { headers: signed, body: canary };
    response.writeHead(200, headers).end(body);
  });
  const pair = { accessKeyId: "env:X", secretAccessKey: "env:X" };
  const endpoint = s3.endpoint.parse({
    host: "127.0.0.1",
    sts: "127.0.0.1",
    port: await loopback.serve(server),
    tls: false,
    region: "us-east-1",
    bucket: "orders",
    canaryRole: "arn:aws:iam::111122223333:role/reader",
    credentials: { own: pair, canary: pair },
  });
  return anAttempt({ probe: s3 as unknown as Probe, check, endpoint, secrets: { "env:X": "x" } });
}

test.each<[string, string, Said, string]>([
  ["s3-wiring", "a page", { headers: {}, body: page }, "NOT_ANSWERED_BY_S3"],
  ["s3-links", "a page", { headers: {}, body: page }, "NOT_ANSWERED_BY_S3"],
  ["s3-links", "a success without a rule", { headers: signed, body: "" }, "NO_RULE_IN_ANSWER"],
])("%s: %s is no answer about the bucket", async (check, _what, said, code) => {
  expect((await look(check, said)).outcome).toEqual({ kind: "faulted", code });
});

const xml = (name: string, inner: string) =>
  `<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${name}>`;
const placed = (where: string) => ({ headers: signed, body: xml("LocationConstraint", where) });
const regional = (region: string) => ({ ...signed, "x-amz-bucket-region": region });

test.each<[string, Said, Said["headers"], string | undefined]>([
  ["says its region", placed("eu-central-1"), signed, "eu-central-1"],
  ["says nothing, as in us-east-1, and is there", placed(""), regional("us-east-1"), "us-east-1"],
  ["says nothing, and is elsewhere", placed(""), regional("eu-central-1"), "eu-central-1"],
  ["says nothing, whatever it is asked, may be anywhere", placed(""), signed, undefined],
  ["goes by the old name of eu-west-1", placed("EU"), regional("eu-west-1"), "eu-west-1"],
])("s3-wiring: a bucket that %s", async (_what, said, head, region) => {
  const { outcome, findings } = await look("s3-wiring", said, head);
  expect(outcome).toMatchObject({ kind: "reached", rung: "data" });
  expect(findings?.servedFrom?.region).toBe(region);
});

test("s3-stray: a listing that does not say whether there is more is no look at all of it", async () => {
  const listing = (inner: string) => ({ headers: signed, body: xml("ListVersionsResult", inner) });
  const more = "<IsTruncated>false</IsTruncated>";
  expect((await look("s3-stray", listing(more))).outcome).toMatchObject({ kind: "reached" });
  expect((await look("s3-stray", listing("<Name>orders</Name>"))).outcome).toEqual({
    kind: "faulted",
    code: "SEARCH_TRUNCATED",
  });
});
