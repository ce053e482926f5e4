import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTrust } from "../attest/trust.ts";
import { loadProbes } from "../probes/catalog.ts";
import { packKit } from "../reports/kit.ts";
import { RunFolder } from "../reports/run-folder.ts";
import { verifyEvidence } from "../reports/verify.ts";
import { replayOf } from "../scripts/planning.ts";
import { proveInto, type Run, ringfence } from "./held-replica.ts";

describe("a kit for an auditor", () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-kit-"));
  const history = join(folder, "history");
  const trust = join(folder, "kept", "trust.yaml");
  let run: Run;
  beforeAll(() => {
    run = proveInto(join(folder, "run"), ["--path", "cache", "--history", history]);
    cpSync(join(run.directory, "keys"), join(folder, "kept"), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function unpacked(archive: string): string {
    const into = mkdtempSync(join(folder, "unpacked-"));
    for (const [name, content] of Object.entries(unzipSync(readFileSync(archive)))) {
      mkdirSync(dirname(join(into, name)), { recursive: true });
      writeFileSync(join(into, name), content);
    }
    return into;
  }

  test("verifies elsewhere, by its own instructions, with stock tools and with Ringfence", () => {
    const archive = join(folder, "kit.zip");
    const packing = ["kit", run.directory, "--trust", trust, "--history", history, "--out", archive];
    expect(ringfence(packing)).toMatchObject({ exitCode: 0 });
    const at = unpacked(archive);
    const readMe = readFileSync(join(at, "READ-ME-FIRST.md"), "utf8");
    const stock = /^sh verify\.sh KEYS (\S+)$/m.exec(readMe)?.[1] ?? "";
    const checked = spawnSync("sh", ["verify.sh", join(folder, "kept"), stock], {
      cwd: at,
      encoding: "utf8",
    });
    expect(checked.stdout + checked.stderr).toContain("HOLDS:");
    expect(ringfence(["verify", join(at, stock), "--trust", trust])).toMatchObject({ exitCode: 0 });
    const log = ["history", "verify", join(at, "history"), "--trust", trust, "--runs", join(at, "runs")];
    expect(ringfence(log)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(at, "history.html"), "utf8")).toContain(run.run.runId);
    expect(ringfence(packing)).toMatchObject({ exitCode: 64, output: expect.stringContaining("already") });
  });

  test("is not made with a cadence and no history, because nobody would look for gaps", () => {
    const asked = [
      "kit",
      run.directory,
      "--trust",
      trust,
      "--cadence",
      "24h",
      "--out",
      join(folder, "none.zip"),
    ];
    expect(ringfence(asked)).toMatchObject({ exitCode: 64, output: expect.stringContaining("--history") });
  });

  test("is not put into what it is made of, because nobody signed for it there", () => {
    for (const place of [run.directory, join(run.directory, "keys"), join(history, "records")]) {
      const out = join(place, "kit.zip");
      const asked = ["kit", run.directory, "--trust", trust, "--history", history, "--out", out];
      expect(ringfence(asked)).toMatchObject({ exitCode: 64, output: expect.stringContaining("--out: ") });
      expect(existsSync(out)).toBe(false);
    }
  });

  test("is not made of one run twice, because one of them would not be in it", () => {
    const again = join(folder, "again");
    cpSync(run.directory, again, { recursive: true });
    const asked = ["kit", run.directory, again, "--trust", trust, "--out", join(folder, "twice.zip")];
    expect(ringfence(asked)).toMatchObject({
      exitCode: 64,
      output: expect.stringContaining("one folder of each"),
    });
  });

  test("of several runs claims attempts from the first to the last, and not all of them at the first", () => {
    const later = mkdtempSync(join(folder, "later-"));
    cpSync(run.directory, later, { recursive: true });
    const moved = { ...run.run, runId: "later", startedAt: "2031-01-02T03:04:05.000Z" };
    writeFileSync(join(later, "run.json"), JSON.stringify(moved));
    for (const region of Object.keys(moved.regions)) {
      const file = join(later, region, "report.json");
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(run.run.runId, "later"));
    }
    const readMe = Buffer.from(
      unzipSync(
        packKit(
          [later, run.directory].map((one) => new RunFolder(one)),
          null,
        ),
      )["READ-ME-FIRST.md"] ?? [],
    ).toString();
    expect(readMe).toMatch(/attempts from .* UTC to 2 January 2031, 03:04:05 UTC\. Does not/);
  });

  test.each(["../../x", "..", "a\nb", "$(id)", "C:\\x", ""])(
    "is not made of a run by the name of %j, because an archive's names are paths on whatever unpacks it",
    (runId) => {
      const named = mkdtempSync(join(folder, "named-"));
      cpSync(run.directory, named, { recursive: true });
      writeFileSync(join(named, "run.json"), JSON.stringify({ ...run.run, runId }));
      expect(() => packKit([new RunFolder(named)], null)).toThrow(
        /run\.json is not what a run writes: runId/,
      );
    },
  );

  test("is not made of files that were altered since they were verified", async () => {
    const altered = join(folder, "altered-since");
    cpSync(run.directory, altered, { recursive: true });
    const verified = new RunFolder(altered);
    const { problems } = await verifyEvidence(verified, readTrust(trust), replayOf(await loadProbes()));
    expect(problems).toEqual([]);
    packKit([verified], null);
    writeFileSync(join(altered, "report.md"), "all is well");
    expect(() => packKit([verified], null)).toThrow(
      expect.objectContaining({
        code: "EVIDENCE_INVALID",
        message: "report.md was changed while it was read",
      }),
    );
  });

  test("is not made of a run that does not hold, because an auditor would find out", () => {
    const altered = join(folder, "altered");
    cpSync(run.directory, altered, { recursive: true });
    writeFileSync(join(altered, "report.md"), "all is well");
    const archive = join(folder, "no.zip");
    expect(ringfence(["kit", altered, "--trust", trust, "--out", archive])).toMatchObject({
      exitCode: 64,
      output: expect.stringContaining("report.md was changed"),
    });
    expect(() => readFileSync(archive)).toThrow("ENOENT");
  });
});
