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
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FolderStore } from "../../attest/history/folder-store.ts";
import { projectRoot } from "../../environments/node-script.ts";
import { storeContract } from "./store-contract.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-folder-"));
afterAll(() => rmSync(folder, { recursive: true }));
const place = join(folder, "a", "history");

storeContract(() => ({
  store: new FolderStore(place),
  again: async () => new FolderStore(place),
  plant: (name, content) => {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), content);
  },
}));

test("a folder that is not there holds no history, and is not made by looking", async () => {
  const store = new FolderStore(join(folder, "nowhere"));
  expect(await store.list()).toEqual([]);
  expect(await store.read("records/00000000.json")).toBe(null);
  expect(readdirSync(folder)).not.toContain("nowhere");
});

test("what cannot be read is no absence", async () => {
  writeFileSync(join(folder, "file"), "");
  const store = new FolderStore(join(folder, "file"));
  await expect(store.list()).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
  await expect(store.read("records/00000000.json")).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
  await expect(store.create("records/00000000.json", Buffer.from("x"))).rejects.toMatchObject({
    code: "HISTORY_UNAVAILABLE",
  });
});

test.each(["records", ".unfinished"])(
  "a file in place of the folder %s is no record that was there before",
  async (name) => {
    const into = mkdtempSync(join(folder, "obstructed-"));
    writeFileSync(join(into, name), "");
    const answer = new FolderStore(into).create("records/00000000.json", Buffer.from("x"));
    await expect(answer).rejects.toMatchObject({
      code: "HISTORY_UNAVAILABLE",
      message: expect.stringMatching(/did not take records\/00000000\.json: EEXIST/),
    });
  },
);

test("a device or a pipe in place of a record is refused, because it would never end", async () => {
  const odd = new FolderStore(join(folder, "odd"));
  await odd.create("records/00000000.json", Buffer.from("x"));
  symlinkSync("/dev/zero", join(folder, "odd", "records", "00000001.json"));
  spawnSync("mkfifo", [join(folder, "odd", "records", "00000002.json")]);
  for (const name of ["records/00000001.json", "records/00000002.json"])
    await expect(odd.read(name)).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
});

test("links to folders are names like others, because one that leads back has no end", async () => {
  const odd = new FolderStore(join(folder, "circle"));
  await odd.create("records/00000000.json", Buffer.from("x"));
  for (const name of ["one", "other"]) symlinkSync(".", join(folder, "circle", name));
  expect(await odd.list()).toEqual(["one", "other", "records/00000000.json"]);
});

/** Runs a program against a folder, in a shell that first sets a limit. */
function limited(limit: string, program: string): { status: number | null; said: string } {
  const source = `
    import { FolderStore } from ${JSON.stringify(join(projectRoot, "attest/history/folder-store.ts"))};
    ${program}`;
  const script = `${limit} && exec '${process.execPath}' --input-type=module-typescript -e "$0"`;
  const done = spawnSync("unshare", ["--user", "--map-root-user", "--mount", "bash", "-c", script, source], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return { status: done.status, said: done.stdout + done.stderr };
}

const fill = (into: string) => `
  const store = new FolderStore(${JSON.stringify(into)});
  const sizes = [];
  for (let index = 0; index < 20; index++) {
    const name = "records/" + String(index).padStart(8, "0") + ".json";
    const answer = await store.create(name, Buffer.alloc(100_000, "x")).catch((error) => error.code + " " + error.message);
    sizes.push([answer, (await store.read(name))?.length ?? null]);
  }
  console.log(JSON.stringify({ sizes, names: await store.list() }));
  const { readdirSync } = await import("node:fs");
  console.log(JSON.stringify(readdirSync(${JSON.stringify(join(into, ".unfinished"))})));`;

test("a full disk takes whole records or none, and says so", () => {
  const mount = join(folder, "full");
  mkdirSync(mount);
  const { status, said } = limited(
    `mount -t tmpfs -o size=1m tmpfs '${mount}'`,
    fill(join(mount, "history")),
  );
  expect(status, said).toBe(0);
  const [first = "", second = ""] = said.trim().split("\n");
  const { sizes, names } = JSON.parse(first) as { sizes: [string, number | null][]; names: string[] };
  const taken = sizes.filter(([answer]) => answer === "created");
  expect(taken.length).toBeGreaterThan(3);
  expect(taken.every(([, size]) => size === 100_000)).toBe(true);
  expect(names).toHaveLength(taken.length);
  const refused = sizes.filter(([answer]) => answer !== "created");
  expect(refused.length).toBeGreaterThan(3);
  for (const [answer, size] of refused) {
    expect(answer).toMatch(/^HISTORY_UNAVAILABLE .*did not take records\/.*ENOSPC/);
    expect(size).toBe(null);
  }
  expect(JSON.parse(second)).toEqual([]);
});

test("a file that may not grow so large is not taken in part", () => {
  const { status, said } = limited("ulimit -f 50", fill(join(folder, "limited")));
  expect(status, said).toBe(0);
  const { sizes, names } = JSON.parse(said.split("\n")[0] ?? "") as {
    sizes: [string, number | null][];
    names: string[];
  };
  expect(sizes.every(([answer, size]) => /ENOSPC|EFBIG/.test(answer) && size === null)).toBe(true);
  expect(names).toEqual([]);
});

test("what a killed writer left half-written has no name in the history", async () => {
  const store = new FolderStore(place);
  writeFileSync(join(place, ".unfinished", "1-half"), "half");
  expect(await store.list()).not.toContain(".unfinished/1-half");
  await store.create("records/00000500.json", Buffer.from("whole"));
  expect(readFileSync(join(place, "records", "00000500.json"), "utf8")).toBe("whole");
});
