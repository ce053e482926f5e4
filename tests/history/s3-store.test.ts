import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DeleteObjectCommand, GetObjectCommand, type S3ClientConfig } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { beginRun } from "../../attest/history/begin.ts";
import { S3Store } from "../../attest/history/s3-store.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import { aStore, aUser, deny, home, type Testbed } from "../../fixtures/object-store/testing.ts";
import { aResult, aRun, judge, tick, trust } from "./a-log.ts";
import { storeContract } from "./store-contract.ts";

const bucket = "audit-log";
/** It shows nobody its older versions. */
const discreet = "discreet-log";
let bed: Testbed;
let store: S3Store;

beforeAll(async () => {
  const locked = { region: home, objectLock: true };
  bed = await aStore({
    buckets: [
      { name: bucket, ...locked },
      { name: discreet, ...locked },
    ],
  });
  // As a company's bucket would: nothing is written over, by anybody.
  bed.store.setBucketPolicy(
    bucket,
    deny({
      Principal: "*",
      Action: "s3:PutObject",
      Resource: `arn:aws:s3:::${bucket}/*`,
      Condition: { Null: { "s3:if-none-match": "true" } },
    }),
  );
  store = await open();
});
afterAll(() => bed[Symbol.asyncDispose]());

function open(given = `s3://${bucket}/ringfence/history?lock=compliance&days=400`): Promise<S3Store> {
  return S3Store.open(given, {
    region: home,
    endpoint: `https://s3.${home}.amazonaws.com:${bed.port}`,
    credentials: aUser(),
    requestHandler: { httpsAgent: bed.agent() },
  });
}

describe("in a bucket with Object Lock", () => {
  storeContract(() => ({
    store,
    again: () => open(),
    plant: (name, content) => bed.store.put(bucket, `ringfence/history/${name}`, content),
  }));
});

test("a record in a bucket is locked, until when it was asked", async () => {
  await store.create("records/00000700.json", Buffer.from("{}"));
  const Key = "ringfence/history/records/00000700.json";
  const kept = await bed.s3().send(new GetObjectCommand({ Bucket: bucket, Key }));
  expect(kept.ObjectLockMode).toBe("COMPLIANCE");
  const days = ((kept.ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(400);
});

describe("a log of which a bucket's versions tell more", () => {
  const remove = (Key: string) => bed.s3().send(new DeleteObjectCommand({ Bucket: bucket, Key }));
  async function recorded(place: string) {
    const made = await open(`s3://${place}?lock=compliance&days=400`);
    for (let run = 0; run < 2; run++)
      await (await beginRun(aRun(), { store: made, judge })).finish(aResult());
    return made;
  }
  const problems = async (one: S3Store) => (await verifyLog(one, { trust })).problems.join("\n");

  test("holds where nothing was removed or written over", async () => {
    using log = await recorded(`${bucket}/clean`);
    expect(await verifyLog(log, { trust })).toMatchObject({ problems: [], notes: [] });
  });

  test("does not where its end was cut off with markers, also when another end was written since", async () => {
    using log = await recorded(`${bucket}/cut`);
    for (const name of ["records/00000003.json", "checkpoints/00000004"]) await remove(`cut/${name}`);
    const said =
      /checkpoints\/00000004, and 1 more: the bucket holds an older version of it: it was removed, or written over/;
    expect(await problems(log)).toMatch(said);
    const again = await beginRun(aRun(), { store: log, judge });
    await again.interrupt({ at: tick(), reason: "SIGTERM" });
    expect(await problems(log)).toMatch(said);
  });

  test("says what it cannot tell where older versions are not shown", async () => {
    bed.store.setBucketPolicy(
      discreet,
      deny({ Principal: "*", Action: "s3:ListBucketVersions", Resource: `arn:aws:s3:::${discreet}` }),
    );
    using log = await recorded(discreet);
    expect(await verifyLog(log, { trust })).toMatchObject({
      problems: [],
      notes: [expect.stringMatching(/older versions are not shown.*s3:ListBucketVersions/)],
    });
  });
});

test("the mark that a console leaves where a folder was made is no file of a history, also where it is removed again", async () => {
  const place = `${discreet}/made-by-hand`;
  bed.store.put(discreet, "made-by-hand/", Buffer.of());
  using log = await open(`s3://${place}`);
  await (await beginRun(aRun(), { store: log, judge })).finish(aResult());
  expect((await verifyLog(log, { trust })).problems).toEqual([]);
  bed.store.discard(discreet, "made-by-hand/");
  expect((await verifyLog(log, { trust })).problems).toEqual([]);
  bed.store.put(discreet, "made-by-hand/records/", Buffer.of());
  expect((await verifyLog(log, { trust })).problems).toEqual(["records/: it belongs to no history"]);
});

test("more names than fit into one answer are all listed, and all that were removed", async () => {
  using other = await open(`s3://${bucket}/many`);
  const names = Array.from({ length: 1203 }, (_, index) => `records/${String(index).padStart(8, "0")}.json`);
  for (const name of names) bed.store.put(bucket, `many/${name}`, Buffer.from("{}"));
  expect(await other.list()).toEqual(names);
  for (const name of names) bed.store.discard(bucket, `many/${name}`);
  expect(await other.list()).toEqual([]);
  expect(await other.replaced()).toEqual(names);
});

test.each([
  "s3://",
  "s3:///prefix",
  "s3://bucket/x?lock=compliance",
  "s3://bucket/x?days=3",
  "s3://bucket/x?lock=forever&days=3",
  "s3://bucket/x?lock=governance&days=0",
  "s3://bucket/x?unlock=1",
  "s3://key:secret@bucket/x",
  "s3://:secret@bucket/x",
  "s3://key:sec/secret@bucket/x",
  "s3://bucket/%",
])("%s is no place for a history, and says why, and repeats no secret", async (given) => {
  await expect(S3Store.open(given)).rejects.toMatchObject({
    code: "USAGE",
    message: expect.not.stringContaining("secret"),
  });
});

/** A store whose answers are written by hand. */
async function behind(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<AsyncDisposable & { store: S3Store; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.split("?")[0]}`);
    request.resume();
    request.once("end", () => answer(request, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const agent = new Agent({ keepAlive: false });
  const configuration: S3ClientConfig = {
    region: home,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forcePathStyle: true,
    credentials: aUser(),
    requestHandler: { httpAgent: agent },
  };
  return {
    store: await S3Store.open("s3://bucket/p", configuration),
    asked,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe("an answer that is none", () => {
  const name = "records/00000000.json";
  const failing: [string, (request: IncomingMessage, response: ServerResponse) => void][] = [
    ["is an error of the store", (_, response) => void response.writeHead(500).end()],
    [
      "is a refusal",
      (_, response) => void response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>"),
    ],
    [
      "is a missing bucket",
      (_, response) => void response.writeHead(404).end("<Error><Code>NoSuchBucket</Code></Error>"),
    ],
    ["is no answer at all", (request) => void request.socket.destroy()],
    [
      "has half of its body",
      (request, response) => {
        response.writeHead(200, { "content-length": "1000", "content-type": "application/xml" });
        response.write("half");
        setImmediate(() => request.socket.destroy());
      },
    ],
  ];
  test.each(failing)("because it %s is never taken for absence", async (_why, answer) => {
    await using made = await behind(answer);
    await expect(made.store.read(name)).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
    await expect(made.store.list()).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
  });

  test.each(failing.slice(0, 4))("because it %s is never taken for a write", async (_why, answer) => {
    await using made = await behind(answer);
    await expect(made.store.create(name, Buffer.from("{}"))).rejects.toMatchObject({
      code: "HISTORY_UNAVAILABLE",
    });
  });

  test("because a proxy answers every list with a page is no empty history", async () => {
    await using made = await behind((_, response) => void response.writeHead(200).end("<html>Log in</html>"));
    await expect(made.store.list()).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
    await expect(made.store.replaced()).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
  });

  test.each([
    ["breaks off", "<KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>"],
    ["has fewer names than it says", "<KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>"],
  ])("because its list %s is not the whole list", async (_why, said) => {
    await using made = await behind(
      (_, response) =>
        void response
          .writeHead(200, { "content-type": "application/xml" })
          .end(`<ListBucketResult>${said}<Contents><Key>p/${name}</Key></Contents></ListBucketResult>`),
    );
    await expect(made.store.list()).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
  });

  test("because it begins again and again has no end, and is not waited for", async () => {
    let answers = 0;
    const page = (kind: string, next: string) =>
      `<${kind}><KeyCount>0</KeyCount><IsTruncated>true</IsTruncated>${next}</${kind}>`;
    await using made = await behind(({ url = "" }, response) => {
      // Enough to see that nobody stops, and then an end for the test.
      const isOver = answers++ > 20;
      const body = url.includes("versions")
        ? page(
            "ListVersionsResult",
            "<NextKeyMarker>p/a</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>",
          )
        : page("ListBucketResult", "<NextContinuationToken>again</NextContinuationToken>");
      response
        .writeHead(200, { "content-type": "application/xml" })
        .end(isOver ? body.replace(/true.*Marker>|true.*Token>/, "false</IsTruncated>") : body);
    });
    for (const look of [() => made.store.list(), () => made.store.replaced()]) {
      answers = 0;
      await expect(look()).rejects.toMatchObject({
        code: "HISTORY_UNAVAILABLE",
        message: expect.stringMatching(/no way to the rest/),
      });
    }
  });

  test("because the checksum is another's is not read", async () => {
    await using made = await behind(
      (_, response) =>
        void response
          .writeHead(200, {
            "content-length": "2",
            "x-amz-checksum-sha256": Buffer.alloc(32).toString("base64"),
          })
          .end("{}"),
    );
    await expect(made.store.read(name)).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
  });
});
