import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeNew, writeWhole } from "./write-whole.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-write-"));
afterAll(() => rmSync(folder, { recursive: true }));
const option = { option: "kit: --out" };

test("writes through a link, which stays one", () => {
  const [file, link] = [join(folder, "file"), join(folder, "link")];
  writeFileSync(file, "before");
  symlinkSync(file, link);
  writeWhole(link, "after", option);
  expect(readFileSync(file, "utf8")).toBe("after");
  expect(readdirSync(folder, { withFileTypes: true }).filter((one) => one.isSymbolicLink())).toHaveLength(1);
});

test("leaves a pipe where it is, because a rename would put a file in its place", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  execFileSync("sh", ["-c", `cat '${pipe}' > '${join(folder, "came")}' & exec >&-`], { stdio: "ignore" });
  writeWhole(pipe, "through", option);
  await expect.poll(() => readFileSync(join(folder, "came"), "utf8")).toBe("through");
  expect(
    readdirSync(folder, { withFileTypes: true })
      .find(({ name }) => name === "pipe")
      ?.isFIFO(),
  ).toBe(true);
});

test("writes nothing over what is there, and nothing at all where it cannot write the whole", () => {
  const file = join(folder, "kept");
  writeNew(file, "mine", option);
  expect(() => writeNew(file, "another's", option)).toThrow(/^kit: --out: .* is there already/);
  expect(readFileSync(file, "utf8")).toBe("mine");
  const before = readdirSync(folder);
  expect(() => writeNew(join(folder, "half"), {} as never, option)).toThrow(/cannot be written/);
  expect(readdirSync(folder)).toEqual(before);
});

const loop = join(mkdtempSync(join(folder, "link-")), "loop");
symlinkSync("loop", loop);

test.each([folder, join(folder, "nowhere", "file"), join(folder, "x".repeat(300)), join(loop, "file")])(
  "says which option named what cannot be written",
  (place) => {
    expect(() => writeWhole(place, "", option)).toThrow(/^kit: --out: .* cannot be written/);
    expect(readdirSync(folder).filter((name) => name.includes(".part"))).toEqual([]);
  },
);
