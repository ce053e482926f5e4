import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandLine, projectRoot } from "../../environments/node-script.ts";

function containers(): string[] {
  const all = spawnSync("docker", ["ps", "-a", "--format", "{{.Names}}"], { encoding: "utf8" }).stdout;
  return all.split("\n").filter((name) => name.startsWith("ringfence-"));
}

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds() && performance.now() < end) await new Promise((done) => setTimeout(done, 100));
}

test("kill -9 of a run leaves nothing, though nobody is left to tidy up", { timeout: 180_000 }, async () => {
  // An engine that was killed itself, with a replica up, still has that one's containers.
  const before = new Set(containers());
  const left = () => containers().filter((name) => !before.has(name));
  const folder = mkdtempSync(join(tmpdir(), "ringfence-killed-"));
  const child = spawn(
    process.execPath,
    [commandLine, "run", "--env", "localstack", "--out", join(folder, "run")],
    {
      cwd: projectRoot,
      stdio: "ignore",
    },
  );
  await until(() => left().length >= 5, 60_000);
  expect(left().length).toBeGreaterThanOrEqual(5);
  child.kill("SIGKILL");
  await once(child, "close");
  await until(() => left().length === 0, 90_000);
  expect(left()).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});
