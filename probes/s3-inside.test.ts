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

/** A store that hands out the canary, and says `said` when it is asked about its bucket. */
async function look(check: string, said: Said) {
  const server = createServer(({ url = "" }, response) => {
    const { headers, body } = /\?(location|replication)/.test(url) ? said : { headers: signed, body: canary };
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
