import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { RunFolder } from "./run-folder.ts";

const parent = mkdtempSync(join(tmpdir(), "ringfence-folder-"));
afterAll(() => rmSync(parent, { recursive: true }));
let directory: string;
let folder: RunFolder;
beforeEach(() => {
  directory = mkdtempSync(join(parent, "run-"));
  folder = new RunFolder(directory);
});
const put = (name: string, content: string | Buffer) => writeFileSync(join(directory, name), content);

describe("what could not be written whole", () => {
  test("is not there at all, for half a page looks like one", () => {
    const cut = function* () {
      yield "x".repeat(2_000_000);
      throw new Error("cut");
    };
    expect(() => folder.write("page", cut())).toThrow("cut");
    expect(readdirSync(directory)).toEqual([]);
  });

  test.each<[string, string | string[]]>([
    ["in one piece", "x"],
    ["in many", ["x", "y"]],
  ])("%s says where, why, and what to do", (_how, content) => {
    expect(() => folder.write("nowhere/page", content)).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: expect.stringContaining(`${join(directory, "nowhere/page")} cannot be written: ENOENT`),
        fix: expect.stringContaining("--out"),
      }),
    );
  });
});

describe("a digest", () => {
  test("is of what is there, whether it was written in one piece, in many, or by somebody else", () => {
    const text = "é\u2028".repeat(400_000);
    folder.write("one", text);
    folder.write("many", [text.slice(0, 3), text.slice(3)]);
    put("other", text);
    for (const name of ["one", "many", "other"]) {
      expect(folder.sha256(name)).toBe(sha256(text));
      expect(readFileSync(join(directory, name), "utf8")).toBe(text);
    }
  });

  test.each<[string, () => unknown, () => unknown]>([
    ["it is read", () => folder.sha256("file"), () => folder.text("file")],
    ["it is read by lines", () => folder.text("file"), () => [...folder.lines("file")]],
    ["it is read again", () => [...folder.lines("file")], () => folder.read("file")],
  ])(
    "is no longer the file's where that was changed before %s, and nothing goes on",
    (_when, first, then) => {
      put("file", "a\nb\n");
      first();
      then();
      put("file", "a\nc\n");
      expect(then).toThrow("file was changed while it was read");
    },
  );

  test("of what is not there is none", () => {
    for (const read of [() => folder.sha256("no"), () => folder.read("no"), () => [...folder.lines("no")]])
      expect(read).toThrow(/ENOENT/);
  });
});

test("lines are what splitting the whole text leaves, with whatever marks and line ends are in it", () => {
  const piece = fc.constantFrom("\n", "\r\n", "\ufeff", "é", "a", "\0", "\u2028");
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join("");
      put("lines", text);
      expect([...new RunFolder(directory).lines("lines")]).toEqual(text.split("\n"));
    }),
  );
  const long = `${"x".repeat(1_048_575)}é\n`.repeat(2);
  put("long", long);
  expect([...folder.lines("long")]).toEqual(long.split("\n"));
});

test("whatever is neither a file nor a folder with something in it is odd, and everything is named", () => {
  mkdirSync(join(directory, "b", "empty"), { recursive: true });
  put("b/file", "");
  put("a", "");
  symlinkSync(parent, join(directory, "link"));
  symlinkSync(join(directory, "a"), join(directory, "b", "link"));
  spawnSync("mkfifo", [join(directory, "pipe")]);
  expect(folder.names()).toEqual(["a", "b/file", "b/link", "link", "pipe"]);
  expect(folder.oddNames()).toEqual(["b/empty", "b/link", "link", "pipe"]);
});

test("links that lead back are not followed, because there would be no end of names", () => {
  for (const name of ["one", "other"]) symlinkSync(".", join(directory, name));
  put("file", "");
  expect(folder.names()).toEqual(["file", "one", "other"]);
  expect(folder.oddNames()).toEqual(["one", "other"]);
});
