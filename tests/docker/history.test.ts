import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GenericContainer, type StartedTestContainer, Wait } from "testcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { S3Store } from "../../attest/history/s3-store.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import images from "../../environments/localstack/images.json" with { type: "json" };
import { aResult, begin, trust } from "../history/a-log.ts";
import { storeContract } from "../history/store-contract.ts";

const [image = ""] = images.map((one) => one.image).filter((name) => name.startsWith("localstack/"));
const Bucket = "audit";
const place = `s3://${Bucket}/history?lock=governance&days=1`;
let localstack: StartedTestContainer;
let admin: S3Client;
let store: S3Store;

const configuration = () => ({
  region: "eu-central-1",
  endpoint: `http://${localstack.getHost()}:${localstack.getMappedPort(4566)}`,
  forcePathStyle: true,
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});

beforeAll(async () => {
  localstack = await new GenericContainer(image)
    .withEnvironment({ SERVICES: "s3", EAGER_SERVICE_LOADING: "1" })
    .withExposedPorts(4566)
    .withWaitStrategy(Wait.forHttp("/_localstack/health", 4566).forStatusCode(200))
    .withStartupTimeout(120_000)
    .start();
  admin = new S3Client(configuration());
  await admin.send(
    new CreateBucketCommand({
      Bucket,
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { LocationConstraint: "eu-central-1" },
    }),
  );
  store = await S3Store.open(place, configuration());
}, 150_000);
afterAll(() => localstack?.stop());

describe("in a bucket of LocalStack with Object Lock", () => {
  storeContract(() => ({
    store,
    again: () => S3Store.open(place, configuration()),
    plant: async (name, content) => {
      await admin.send(new PutObjectCommand({ Bucket, Key: `history/${name}`, Body: content }));
    },
  }));

  test("several writers at once lose nothing, and each record is locked", async () => {
    const open = () => S3Store.open(`s3://${Bucket}/runs?lock=governance&days=1`, configuration());
    const writer = async () => {
      using mine = await open();
      for (let run = 0; run < 3; run++) await (await begin(mine)).finish(aResult());
    };
    await Promise.all([writer(), writer()]);
    using mine = await open();
    const { problems, checked } = await verifyLog(mine, { trust });
    expect([problems, checked.records]).toEqual([[], 12]);
    const Key = "runs/records/00000000.json";
    const kept = await admin.send(new GetObjectCommand({ Bucket, Key }));
    expect(kept.ObjectLockMode).toBe("GOVERNANCE");
  });
});
