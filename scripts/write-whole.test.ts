import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeWhole } from "./write-whole.ts";

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

test.each([folder, join(folder, "nowhere", "file")])(
  "says which option named what cannot be written",
  (place) => {
    expect(() => writeWhole(place, "", option)).toThrow(/^kit: --out: .* cannot be written/);
    expect(readdirSync(folder).filter((name) => name.includes(".part"))).toEqual([]);
  },
);
