import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { markLatest } from "./out-directory.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-latest-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("runs that end in the same moment all end well, and the link is one of theirs", async () => {
  const out = join(folder, "together");
  mkdirSync(out);
  const script = `
    const { markLatest } = await import(${JSON.stringify(join(import.meta.dirname, "out-directory.ts"))});
    for (let times = 0; times < 300; times++) {
      const why = markLatest(process.argv[1], process.argv[2]);
      if (why !== null) throw new Error(why);
    }`;
  const names = ["one", "two", "three"];
  const ended = names.map(async (name) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, join(out, name), out], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    const [code] = await once(child, "close");
    return [code, said];
  });
  expect(await Promise.all(ended)).toEqual(names.map(() => [0, ""]));
  expect(readdirSync(out)).toEqual(["latest"]);
  expect(names).toContain(readlinkSync(join(out, "latest")));
});

test("a link that cannot be set is said, because the evidence is whole without it", () => {
  const out = join(folder, "taken");
  mkdirSync(join(out, "latest", "of-somebody"), { recursive: true });
  expect(markLatest(join(out, "run"), out)).toMatch(/latest is not this run: (EISDIR|ENOTEMPTY|EEXIST)/);
  expect(readdirSync(out)).toEqual(["latest"]);
});

test("a run elsewhere is nobody's latest", () => {
  const out = join(folder, "other");
  mkdirSync(out);
  expect(markLatest(join(folder, "run"), out)).toBe(null);
  expect(readdirSync(out)).toEqual([]);
});
