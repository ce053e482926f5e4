import "reflect-metadata";
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { timestampWitness } from "../../attest/timestamps/witness.ts";
import type { RingfenceError } from "../../core/errors.ts";
import { Loopback } from "../loopback.ts";
import { aCertificate, type Certified } from "./a-certificate.ts";
import {
  type Answering,
  aToken,
  enveloped,
  reply,
  serveAuthority,
  stamped,
} from "./a-timestamp-authority.ts";

const loopback = new Loopback();
afterAll(() => loopback[Symbol.asyncDispose]());

const signature = randomBytes(72);
let root: Certified;
let signer: Certified;
let foreignRoot: Certified;

beforeAll(async () => {
  root = await aCertificate({ name: "Root", ca: true });
  foreignRoot = await aCertificate({ name: "Root", ca: true });
  signer = await aCertificate({ name: "Clock", by: root });
});

async function refusal(work: Promise<unknown>): Promise<RingfenceError> {
  return work.then(
    () => expect.fail("it was accepted"),
    (error: RingfenceError) => error,
  );
}

describe("asking an authority", () => {
  const json = { "content-type": "application/timestamp-reply" };

  test("sends the signature's digest and nothing else", async () => {
    let asked: Buffer = Buffer.alloc(0);
    let type: string | undefined;
    const answer: Answering = async (query, response, request) => {
      asked = query;
      type = request.headers["content-type"];
      response.writeHead(200, json).end(await reply(query, { signer }));
    };
    await stamped(loopback, signature, { answer, certificates: root.pem });
    expect(type).toBe("application/timestamp-query");
    expect(asked.includes(createHash("sha256").update(signature).digest())).toBe(true);
    expect(asked.includes(signature)).toBe(false);
    expect(asked.length).toBeLessThan(90);
  });

  test.each<[string, Answering, RegExp]>([
    ["an error", (_, response) => response.writeHead(503).end(), /status 503/],
    [
      "a page in place of an answer",
      (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>"),
      /its answer is no application\/timestamp-reply/,
    ],
    ["garbage", (_, response) => response.writeHead(200, json).end(randomBytes(400)), /cannot be read/],
    [
      "a redirect, because it could lead anywhere",
      async (_, response) => {
        const location = await serveAuthority(loopback, { signer });
        response.writeHead(307, { location }).end();
      },
      /cannot be reached/,
    ],
    [
      "a body without an end",
      (_, response) => {
        response.writeHead(200, json);
        const pour = () => {
          while (!response.destroyed && response.write(Buffer.alloc(16_384)));
        };
        response.on("drain", pour);
        pour();
      },
      /longer than 65536 bytes/,
    ],
    ["silence", () => {}, /no answer within 700 ms/],
    [
      "a body that stops",
      (_, response) => response.writeHead(200, json).write(Buffer.alloc(10)),
      /no answer within 700 ms/,
    ],
    ["a closed connection", (_, response) => response.destroy(), /cannot be reached/],
    [
      "a refusal",
      async (query, response) =>
        response.writeHead(200, json).end(await reply(query, { signer, settings: { digests: "sha512" } })),
      /was refused by the authority: rejection/,
    ],
    [
      "an answer to an older question",
      async (_, response) => response.writeHead(200, json).end(await aToken(signature, { signer })),
      /it answered somebody else's request/,
    ],
    [
      "a foreign authority's answer",
      async (query, response) => {
        const stranger = await aCertificate({ name: "Stranger", by: foreignRoot });
        response.writeHead(200, json).end(await reply(query, { signer: stranger }));
      },
      /not trusted: Stranger/,
    ],
  ])("fails in time, and says why, at %s", async (_what, answer, reason) => {
    const deadlineMs = /700 ms/.test(reason.source) ? 700 : 10_000;
    const error = await refusal(stamped(loopback, signature, { answer, certificates: root.pem, deadlineMs }));
    expect(error).toMatchObject({ code: "SIGNING_FAILED", message: expect.stringMatching(reason) });
    expect(error.message).toMatch(/^no timestamp from 127\.0\.0\.1:\d+: /);
  });

  test("fails when nobody listens", async () => {
    const witness = timestampWitness({ url: "http://127.0.0.1:1/", certificates: root.pem });
    expect(await refusal(witness.testify(enveloped(signature), ""))).toMatchObject({
      code: "SIGNING_FAILED",
      message: "no timestamp from 127.0.0.1:1: it cannot be reached",
    });
  });

  test.each([
    ["ftp://clock.test/", "x"],
    ["https://user:hunter2@clock.test/", "x"],
    ["clock.test", "x"],
  ])("refuses the address %s without repeating a password", (url) => {
    const make = () => timestampWitness({ url, certificates: root.pem });
    expect(make).toThrow(expect.objectContaining({ code: "SIGNER_INVALID" }));
    expect(make).not.toThrow(/hunter2/);
  });

  test("refuses what is no certificate before it asks", () => {
    const make = () => timestampWitness({ url: "http://127.0.0.1:1/", certificates: "none" });
    expect(make).toThrow(expect.objectContaining({ code: "SIGNER_INVALID" }));
  });
});
