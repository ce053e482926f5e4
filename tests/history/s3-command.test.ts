import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { beginRun } from "../../attest/history/begin.ts";
import { S3Store } from "../../attest/history/s3-store.ts";
import { commandLine, projectRoot } from "../../environments/node-script.ts";
import { startObjectStore } from "../../fixtures/object-store/server.ts";
import { accountId, aUser, home } from "../../fixtures/object-store/testing.ts";
import { aResult, aRun, judge, judgeKey } from "./a-log.ts";

const host = `s3.${home}.internal`;

test("a history in a bucket is found by endpoint, region and keys of the environment, as the AWS SDK finds them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-bucket-"));
  await using bucket = await startObjectStore({
    tls: null,
    listen: [{ region: home, addresses: ["127.0.0.1"], port: 0 }],
    account: { id: accountId, users: [aUser()], roles: [] },
    networks: [],
    buckets: [{ name: "audit", region: home, objectLock: true }],
  });
  const port = bucket.listeners[0]?.port;
  const { accessKeyId, secretAccessKey } = aUser();
  const environment = {
    AWS_ENDPOINT_URL_S3: `http://${host}:${port}`,
    AWS_REGION: home,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  writeFileSync(join(folder, "hosts"), `127.0.0.1 ${host}\n`);
  writeFileSync(join(folder, "judge.pub.pem"), judgeKey.publicPem);
  const trust = join(folder, "trust.yaml");
  writeFileSync(trust, "format: 1\nsigners:\n  - { signs: judge, key: judge.pub.pem }\n");

  /** The command line, to which the endpoint's name resolves. */
  async function command(...args: string[]): Promise<{ code: number; said: string }> {
    const script = `mount --bind '${join(folder, "hosts")}' /etc/hosts && exec "$@"`;
    const inside = ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"];
    const child = spawn("unshare", [...inside, process.execPath, commandLine, ...args], {
      cwd: projectRoot,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
    const [code] = (await once(child, "close")) as [number];
    return { code, said };
  }

  const place = "s3://audit/ringfence?lock=governance&days=30";
  expect(await command("history", place)).toMatchObject({
    code: 64,
    said: expect.stringContaining("holds no history"),
  });
  const httpAgent = new Agent({
    lookup: (_, { all }, done) =>
      all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4),
  });
  using store = await S3Store.open(place, {
    region: home,
    endpoint: environment.AWS_ENDPOINT_URL_S3,
    credentials: aUser(),
    forcePathStyle: true,
    requestHandler: { httpAgent },
  });
  const run = await beginRun(aRun(), { store, judge });
  await run.finish(aResult());
  expect(await command("history", "verify", place, "--trust", trust)).toMatchObject({
    code: 0,
    said: expect.stringMatching(/holds: 2 records, 2 checkpoints/),
  });
  expect((await command("history", "s3://other/ringfence")).said).toMatch(
    /HISTORY_UNAVAILABLE.*NoSuchBucket|does not exist/,
  );
  rmSync(folder, { recursive: true });
  expect(readFileSync("/etc/hosts", "utf8")).not.toContain(host);
});
