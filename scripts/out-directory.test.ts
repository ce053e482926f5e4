import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { markLatest } from "./out-directory.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-latest-"));
afterAll(() => rmSync(folder, { recursive: true }));
let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(folder, "out-"));
});

test("the latest is the run that began last, and one in a place of its own is none", () => {
  for (const run of ["one", "two"]) markLatest(join(parent, run), parent);
  markLatest(join(folder, "elsewhere"), parent);
  expect(readlinkSync(join(parent, "latest"))).toBe("two");
  expect(readdirSync(parent)).toEqual(["latest"]);
});

test("a folder of that name is left alone, and said to be in the way", () => {
  mkdirSync(join(parent, "latest", "mine"), { recursive: true });
  expect(() => markLatest(join(parent, "one"), parent)).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringContaining(join(parent, "latest")) }),
  );
  expect(readdirSync(parent)).toEqual(["latest"]);
});

test("runs that begin in the same moment all go on, and the link is one of theirs", async () => {
  const out = join(folder, "together");
  mkdirSync(out);
  const script = `
    const { markLatest } = await import(${JSON.stringify(join(import.meta.dirname, "out-directory.ts"))});
    for (let times = 0; times < 300; times++) {
      markLatest(process.argv[1], process.argv[2]);
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
