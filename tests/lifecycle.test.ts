import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { commandLine, projectRoot } from "../environments/node-script.ts";
import { type HeldReplica, holdReplica } from "./held-replica.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-life-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the command line with a mark in its environment, which everything it starts inherits. */
function startMarked(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): { child: ChildProcess; mark: string } {
  const mark = randomUUID();
  const child = spawn(process.execPath, [commandLine, ...args], {
    cwd: projectRoot,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment, RINGFENCE_TEST_MARK: mark },
  });
  child.stdout?.resume();
  child.stderr?.resume();
  return { child, mark };
}

function marked(mark: string): string[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => tryRead(() => readFileSync(`/proc/${pid}/environ`, "utf8"))?.includes(mark));
}

function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

async function until(holds: () => boolean, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) return false;
    await new Promise((done) => setTimeout(done, 25));
  }
  return true;
}

const sleep = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** Mounts of a replica, which must never be seen out here; other programs of this machine have their own. */
const replicaMounts = () =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => /ringfence|\/etc\/(resolv\.conf|hosts|nsswitch\.conf)/.test(line));

describe("whatever ends a replica", () => {
  test.each([60, 150, 300, 500, 700, 900, 1200, 1600, 2400])(
    "kill -9 after %i ms leaves no process, mount or temporary folder",
    async (delayMs) => {
      const before = replicaMounts();
      const temporary = mkdtempSync(join(folder, "tmp-"));
      const out = join(folder, `killed-${delayMs}`);
      const { child, mark } = startMarked(["run", "--out", out], { TMPDIR: temporary });
      await sleep(delayMs);
      child.kill("SIGKILL");
      await once(child, "close");
      expect(await until(() => marked(mark).length === 0, 5000), `left: ${marked(mark).join(" ")}`).toBe(
        true,
      );
      expect(replicaMounts()).toEqual(before);
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s ends `up` in order, and its state file goes",
    async (signal) => {
      const file = join(folder, `state-${signal}.json`);
      const { child, mark } = startMarked(["up", "--state", file]);
      expect(await until(() => tryRead(() => readFileSync(file)) !== null, 20_000)).toBe(true);
      child.kill(signal);
      const [code] = await once(child, "close");
      expect(code).toBe(0);
      expect(tryRead(() => readFileSync(file))).toBe(null);
      expect(await until(() => marked(mark).length === 0, 5000)).toBe(true);
    },
  );

  test("an interrupted run judges nothing, and does not exit 0", async () => {
    const { child, mark } = startMarked(["run", "--out", join(folder, "interrupted")]);
    await sleep(3500);
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(2);
    expect(await until(() => marked(mark).length === 0, 5000)).toBe(true);
  });
});

describe("who may run it", () => {
  test("an ordinary user can, without sudo and without Docker", () => {
    const out = join(folder, "ordinary");
    const root = process.getuid?.() === 0;
    const script = root
      ? `mount --bind '${projectRoot}' /mnt && mkdir -m 777 '${out}' && cd /mnt &&
         HOME='${out}/home' exec setpriv --reuid 65534 --regid 65534 --clear-groups '/mnt${process.execPath.slice(projectRoot.length)}' scripts/ringfence.ts run --path cache --out '${out}/run'`
      : `exec '${process.execPath}' scripts/ringfence.ts run --path cache --out '${out}/run'`;
    if (root) spawnSync("chmod", ["711", folder]);
    const [file = "", ...args] = root ? ["unshare", "--mount", "sh", "-c", script] : ["sh", "-c", script];
    const done = spawnSync(file, args, { cwd: projectRoot, encoding: "utf8", timeout: 60_000 });
    expect(done.stdout + done.stderr).toMatch(/PASS/);
    expect(done.status).toBe(0);
  });
});

describe("what a region's process holds", () => {
  test("is its own secrets and the others' canary credentials: no other secret is in its environment, files or memory", async () => {
    await using replica = await holdReplica();
    const { child } = startMarked(["run", "--attach", replica.stateFile, "--out", join(folder, "held")]);
    const pid = await regionProcess(replica, "us-east-1");
    await sleep(2500);
    const held = replica.state.credentials["us-east-1"] ?? {};
    // An access key's id is a name: the link that the EU offers for the attempt carries it, unsecret.
    const foreign = Object.entries(replica.state.credentials["eu-central-1"] ?? {}).filter(
      ([name]) => !(name in held) && !name.endsWith("_ACCESS_KEY_ID"),
    );
    expect(foreign.length).toBeGreaterThanOrEqual(6);
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    const files = readdirSync(`/proc/${pid}/root${replica.state.work}`, { recursive: true }).map(String);
    expect(files.filter((name) => !name.startsWith(".local")).sort()).toEqual([
      "acme",
      "acme/config.yaml",
      "acme/workload.env",
      "ca.pem",
      "hosts",
      "nsswitch.conf",
      "resolv.conf",
    ]);
    const memory = memoryOf(pid);
    expect(memory.some((chunk) => chunk.includes(Object.values(held)[0] ?? "?"))).toBe(true);
    for (const [name, secret] of foreign) {
      expect(environment, name).not.toContain(secret);
      expect(
        memory.some((chunk) => chunk.includes(secret)),
        name,
      ).toBe(false);
    }
    child.kill("SIGINT");
    await once(child, "close");
  });

  test("is needed: a region whose process is killed midway is never passed", async () => {
    await using replica = await holdReplica();
    const out = join(folder, "lost");
    const { child } = startMarked(["run", "--attach", replica.stateFile, "--path", "cache", "--out", out]);
    const pid = await regionProcess(replica, "us-east-1");
    await sleep(2000);
    process.kill(pid, "SIGKILL");
    const [code] = await once(child, "close");
    expect(code).toBe(2);
  });

  async function regionProcess(replica: HeldReplica, region: string): Promise<number> {
    const network = readlinkSync(`/proc/${replica.state.hosts[`${region}/app`]?.pid}/ns/net`);
    const find = () =>
      readdirSync("/proc").find(
        (pid) =>
          /^\d+$/.test(pid) &&
          tryRead(() => readlinkSync(`/proc/${pid}/ns/net`)) === network &&
          tryRead(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.includes("observe-region") &&
          !tryRead(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.startsWith("nsenter"),
      );
    expect(await until(() => find() !== undefined, 15_000)).toBe(true);
    return Number(find());
  }

  /** Every private, writable page of a process. */
  function memoryOf(pid: number): Buffer[] {
    const file = openSync(`/proc/${pid}/mem`, "r");
    const ranges = readFileSync(`/proc/${pid}/maps`, "utf8").matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw.p/gm);
    const chunks = [...ranges].map((range) => {
      const [from, to] = [Number.parseInt(range[1] ?? "", 16), Number.parseInt(range[2] ?? "", 16)];
      const chunk = Buffer.alloc(Math.min(to - from, 2 ** 28));
      const size = tryRead(() => readSync(file, chunk, 0, chunk.length, from)) ?? 0;
      return chunk.subarray(0, size);
    });
    closeSync(file);
    return chunks;
  }
});
