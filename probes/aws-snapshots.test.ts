import { afterEach, describe, expect, test } from "vitest";
import { startBackup } from "../fixtures/aws-services/backup.ts";
import { startRds } from "../fixtures/aws-services/rds.ts";
import type { PolicyDocument } from "../fixtures/object-store/policy-document.ts";
import { type RunningObjectStore, startObjectStore } from "../fixtures/object-store/server.ts";
import { awsSnapshots } from "./aws-snapshots.ts";
import type { SnapshotsEndpoint } from "./aws-snapshots-endpoint.ts";
import { canaryDigest, newCanary } from "./canary.ts";
import { Ladder } from "./ladder.ts";
import type { Answer, TryContext } from "./probe.ts";

/** The real SDKs against a real signature check and real policies, on loopback without TLS. */
const eu = "eu-central-1";
const us = "us-east-1";
const account = "111122223333";
const canaries: Record<string, string> = { [eu]: newCanary(), [us]: newCanary() };

const snapshot = (region: string) => ({
  id: "canary",
  instance: "orders",
  tags: { "ringfence-canary": canaries[region] ?? "" },
});
const rdsOf = (region: string) => ({ snapshots: [snapshot(region)], automatedBackups: [] as object[] });
const backupOf = (region: string) => ({
  vaults: [{ name: "vault", tags: { "ringfence-canary": canaries[region] ?? "" } }],
  plans: [{ id: "plan", name: "nightly", vault: "vault" }],
});

let rds: ReturnType<typeof startRds>;
let backup: ReturnType<typeof startBackup>;
let running: RunningObjectStore;
afterEach(() => running[Symbol.asyncDispose]());

const statement = (Action: string | string[], Resource: string | string[]) => ({
  Effect: "Allow" as const,
  Action,
  Resource,
});
const atHome = statement(
  ["rds:*", "backup:*"],
  ["rds", "backup"].map((service) => `arn:aws:${service}:${eu}:${account}:*`),
);
const everywhere = statement(["rds:*", "backup:*"], "*");

async function start(...Statement: ReturnType<typeof statement>[]): Promise<void> {
  rds = startRds({ [eu]: rdsOf(eu), [us]: rdsOf(us) } as Parameters<typeof startRds>[0]);
  backup = startBackup({ [eu]: backupOf(eu), [us]: backupOf(us) });
  const policies: PolicyDocument[] = [{ Version: "2012-10-17", Statement }];
  running = await startObjectStore({
    tls: null,
    listen: [{ region: eu, addresses: ["127.0.0.1"], port: 0 }],
    account: {
      id: account,
      users: [{ name: "operator", accessKeyId: "AKIAOPERATOR", secretAccessKey: "a-secret", policies }],
      roles: [],
    },
    networks: [],
    buckets: [{ name: "one-of-the-us", region: us }],
    services: [rds, backup],
  });
}

function endpoint(region: string): SnapshotsEndpoint {
  const pair = { accessKeyId: "env:ID", secretAccessKey: "env:SECRET" };
  return {
    host: `rds.${region}.amazonaws.com`,
    backup: `backup.${region}.amazonaws.com`,
    port: running.listeners[0]?.port ?? 0,
    tls: false,
    region,
    account,
    snapshot: "canary",
    vault: "vault",
    copyRole: `arn:aws:iam::${account}:role/copy`,
    credentials: { own: pair, canary: pair },
  };
}

async function run(probe: string, to: string): Promise<Answer> {
  const ladder = new Ladder();
  const context = {
    item: { probe, vector: { credentials: "own" }, from: { region: eu }, to: { region: to } },
    own: endpoint(eu),
    target: endpoint(to),
    address: "127.0.0.1",
    ladder,
    runId: "run",
    secret: (reference: string) => (reference === "env:ID" ? "AKIAOPERATOR" : "a-secret"),
    offer: undefined,
  } as unknown as TryContext<SnapshotsEndpoint>;
  try {
    return await awsSnapshots.run(context);
  } catch (error) {
    return { outcome: awsSnapshots.explain(error, ladder) };
  } finally {
    ladder.close();
  }
}

const crossings = ["snapshot-pull", "snapshot-push", "snapshot-restore", "backup-copy"];
const letIn = { kind: "reached", rung: "authorization" };
const refused = { kind: "refused", rung: "authorization", code: "AccessDenied" };

describe.each(crossings)("%s", (probe) => {
  test("at home comes as far as authorization, and nothing is made", async () => {
    await start(atHome);
    const before = JSON.stringify([rds.read(eu), backup.read(eu)]);
    expect(await run(probe, eu)).toEqual({ outcome: letIn });
    expect(JSON.stringify([rds.read(eu), backup.read(eu)])).toBe(before);
  });

  test("across the border is refused, where rights end at home", async () => {
    await start(atHome);
    expect(await run(probe, us)).toEqual({ outcome: refused });
  });

  test("across the border is let in, where rights are everywhere", async () => {
    await start(everywhere);
    expect(await run(probe, us)).toEqual({ outcome: letIn });
  });
});

test("a pull that only the communication between regions is denied for is refused, because that is asked, too", async () => {
  const no = { Effect: "Deny" as const, Action: "rds:CrossRegionCommunication", Resource: "*" };
  await start(everywhere, no as unknown as ReturnType<typeof statement>);
  expect(await run("snapshot-pull", us)).toEqual({ outcome: refused });
  expect(await run("snapshot-pull", eu)).toEqual({ outcome: letIn });
});

test("a snapshot that is gone still shows that the caller was let in", async () => {
  await start(everywhere);
  rds.write(us, { snapshots: [], automatedBackups: [] });
  expect(await run("snapshot-pull", us)).toEqual({ outcome: letIn });
});

test("a snapshot's canary is read from its tag", async () => {
  await start(everywhere);
  expect((await run("snapshot-read", us)).outcome).toEqual({
    kind: "reached",
    rung: "data",
    canary: canaryDigest(canaries[us]),
  });
});

describe("a look inside", () => {
  const links = async (probe: string) => (await run(probe, eu)).findings?.links?.map(({ region }) => region);

  test("finds nothing where nothing leads out", async () => {
    await start(atHome);
    expect(await links("snapshot-links")).toEqual([]);
    expect(await links("backup-links")).toEqual([]);
    expect((await run("snapshot-stray", eu)).findings?.canaries).toEqual([canaryDigest(canaries[eu])]);
    expect((await run("snapshot-wiring", eu)).findings?.servedFrom).toEqual({ addresses: [], region: eu });
  });

  test("finds a copied snapshot by its tag and by its origin", async () => {
    await start(atHome);
    const source = `arn:aws:rds:${us}:${account}:snapshot:canary`;
    rds.write(eu, { ...rdsOf(eu), snapshots: [snapshot(eu), { ...snapshot(us), id: "copy", source }] });
    expect((await run("snapshot-stray", eu)).findings?.canaries).toHaveLength(2);
    expect(await links("snapshot-links")).toEqual([us]);
  });

  test.each([
    ["everybody", ["all"], ["everywhere"]],
    ["another account, of which nobody knows the region", ["999999999999"], [undefined]],
    ["the own account", [account], []],
  ])("says that a snapshot is shared with %s", async (_, sharedWith, regions) => {
    await start(atHome);
    rds.write(eu, { ...rdsOf(eu), snapshots: [{ ...snapshot(eu), sharedWith }] });
    expect(await links("snapshot-links")).toEqual(regions);
  });

  test("finds another region's automated backup, and where the own one is replicated to", async () => {
    await start(atHome);
    const own = {
      instance: `arn:aws:rds:${eu}:${account}:db:orders`,
      region: eu,
      replicatedTo: [`arn:aws:rds:${us}:${account}:auto-backup:x`],
    };
    const far = { instance: `arn:aws:rds:${us}:${account}:db:orders`, region: us };
    rds.write(eu, { ...rdsOf(eu), automatedBackups: [own, far] });
    expect(await links("snapshot-links")).toEqual([eu, us, us]);
  });

  test("finds a plan's copies abroad", async () => {
    await start(atHome);
    const plans = [
      {
        id: "plan",
        name: "nightly",
        vault: "vault",
        copiesTo: [`arn:aws:backup:${us}:${account}:backup-vault:x`],
      },
    ];
    backup.write(eu, { ...backupOf(eu), plans });
    expect(await links("backup-links")).toEqual([us]);
  });

  test("without the own canary it proves nothing", async () => {
    await start(atHome);
    rds.write(eu, { snapshots: [], automatedBackups: [] });
    expect((await run("snapshot-links", eu)).outcome).toEqual({
      kind: "faulted",
      code: "NO_CANARY_IN_ANSWER",
    });
  });
});
