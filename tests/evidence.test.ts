import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseMap } from "../environments/map-file.ts";
import { loadProbes } from "../probes/catalog.ts";
import type { TrustedKey } from "../reports/bundle.ts";
import { bundleName } from "../reports/evidence.ts";
import { openSigningKey, readPublicKey } from "../reports/keys.ts";
import { signStatement } from "../reports/sign.ts";
import { type Replay, verifyEvidence } from "../reports/verify.ts";
import { planFor } from "../scripts/planning.ts";
import { proveInto, type Run, ringfence } from "./held-replica.ts";

const regions = ["ap-southeast-2", "eu-central-1", "us-east-1"];

describe("the evidence of a run", () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-evidence-"));
  const whole = join(folder, "run");
  const copy = join(folder, "copy");
  let run: Run;
  let keys: TrustedKey[];
  let replay: Replay;

  beforeAll(async () => {
    run = proveInto(whole, ["--path", "cache"]);
    keys = regions.map((region) => ({ ...readPublicKey(join(whole, "keys", `${region}.pub.pem`)), region }));
    const kinds = await loadProbes();
    replay = {
      parseMap: (text, today) => parseMap(text, { kinds, today, file: "residency.yaml" }),
      plan: (map, scope) => planFor(map, kinds, scope),
    };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Verifies a folder by the script of the project, as an auditor who has no Ringfence does. */
  function stock(
    directory: string,
    kept: string,
    path = process.env.PATH,
  ): { status: number | null; said: string } {
    const script = join(import.meta.dirname, "..", "reports", "verify.sh");
    const done = spawnSync("/bin/sh", [script, kept, directory], {
      encoding: "utf8",
      timeout: 20_000,
      env: { ...process.env, PATH: path },
    });
    return { status: done.status, said: done.stdout + done.stderr };
  }

  /** Verifies a copy of the run after an alteration. */
  async function problemsAfter(
    alter: (directory: string) => void | Promise<void>,
    trusted = keys,
  ): Promise<string[]> {
    rmSync(copy, { recursive: true, force: true });
    cpSync(whole, copy, { recursive: true });
    await alter(copy);
    return (await verifyEvidence(copy, trusted, replay)).problems;
  }

  const edit = (name: string, change: (text: string) => string) => (directory: string) =>
    writeFileSync(join(directory, name), change(readFileSync(join(directory, name), "utf8")));

  test("holds as it was written, and every verdict is replayed", async () => {
    const verification = await verifyEvidence(whole, keys, replay);
    expect(verification.problems).toEqual([]);
    expect(verification.checked).toMatchObject({ signatures: 3, verdicts: run.verdicts.length });
  });

  test("is accepted by the command line with the regions' keys, and by no other way", () => {
    const files = regions.map((region) => join(whole, "keys", `${region}.pub.pem`));
    expect(ringfence(["verify", whole, "--key", ...files])).toMatchObject({ exitCode: 0 });
    expect(ringfence(["verify", whole, "--key", files[0] ?? ""])).toMatchObject({ exitCode: 1 });
    expect(ringfence(["verify", whole])).toMatchObject({ exitCode: 64 });
    expect(ringfence(["verify", folder])).toMatchObject({ exitCode: 64 });
  });

  test("is accepted by openssl, jq and sha256sum, and by no key of somebody else", async () => {
    const kept = join(folder, "kept-keys");
    cpSync(join(whole, "keys"), kept, { recursive: true });
    expect(stock(whole, kept)).toMatchObject({ status: 0, said: expect.stringContaining("HOLDS") });
    writeFileSync(
      join(kept, "us-east-1.pub.pem"),
      openSigningKey(join(folder, "stranger"), { environment: "x", region: "us-east-1" }).publicPem,
    );
    expect(stock(whole, kept)).toMatchObject({
      status: 1,
      said: expect.stringContaining("us-east-1: the sig"),
    });
  });

  test.each<[string, (directory: string) => void, RegExp]>([
    ["a changed report", (at) => writeFileSync(join(at, "report.md"), "all is well"), /not what was signed/],
    [
      "a file more",
      (at) => writeFileSync(join(at, "us-east-1", "more.txt"), ""),
      /no signature covers us-east-1/,
    ],
    ["a link to elsewhere", (at) => symlinkSync("/dev/null", join(at, "more")), /no signature covers more/],
    ["a region less", (at) => rmSync(join(at, "us-east-1"), { recursive: true }), /us-east-1/],
    [
      "a region's statement in place of another's",
      (at) => cpSync(join(at, "us-east-1", bundleName), join(at, "eu-central-1", bundleName)),
      /eu-central-1/,
    ],
    [
      "a statement that was changed",
      (at) => {
        const file = join(at, "eu-central-1", bundleName);
        const bundle = JSON.parse(readFileSync(file, "utf8")) as { dsseEnvelope: { payload: string } };
        const text = Buffer.from(bundle.dsseEnvelope.payload, "base64")
          .toString()
          .replace('"replica"', '"real"');
        bundle.dsseEnvelope.payload = Buffer.from(text).toString("base64");
        writeFileSync(file, JSON.stringify(bundle));
      },
      /eu-central-1: the signature/,
    ],
  ])("%s is noticed by stock tools, too", (_what, alter, complaint) => {
    rmSync(copy, { recursive: true, force: true });
    cpSync(whole, copy, { recursive: true });
    alter(copy);
    const { status, said } = stock(copy, join(whole, "keys"));
    expect(said).toMatch(complaint);
    expect(said).not.toContain("HOLDS:");
    expect(status).not.toBe(0);
  });

  test.each(["find", "jq", "openssl", "base64", "comm", "cut", "sort"])(
    "without %s nothing is said to hold by stock tools",
    (missing) => {
      const tools = join(folder, `without-${missing}`);
      mkdirSync(tools);
      const all = [
        "sh",
        "find",
        "jq",
        "openssl",
        "base64",
        "comm",
        "cut",
        "sort",
        "sha256sum",
        "cat",
        "wc",
        "head",
        "mktemp",
        "rm",
        "dirname",
      ];
      for (const name of all.filter((one) => one !== missing))
        symlinkSync(join("/usr/bin", name), join(tools, name));
      const { status, said } = stock(whole, join(whole, "keys"), tools);
      expect(said).not.toContain("HOLDS:");
      expect(status).not.toBe(0);
    },
  );

  const journal = "eu-central-1/observations.jsonl";
  const lines = (change: (lines: string[]) => string[]) =>
    edit(journal, (text) => `${change(text.split("\n").slice(0, -1)).join("\n")}\n`);

  test.each<[string, (directory: string) => void | Promise<void>, RegExp]>([
    ["a line of a journal deleted", lines((all) => all.toSpliced(5, 1)), /observations\.jsonl was changed/],
    [
      "two lines of a journal swapped",
      lines(([a = "", b = "", ...rest]) => [b, a, ...rest]),
      /observations\.jsonl was changed/,
    ],
    [
      "a journal cut",
      edit(journal, (text) => text.slice(0, text.length / 2)),
      /observations\.jsonl was changed/,
    ],
    [
      "an outcome edited",
      edit(journal, (text) => text.replace('"silent"', '"refused"')),
      /observations\.jsonl was changed/,
    ],
    [
      "a journal of another region",
      (to) => cpSync(join(to, "us-east-1/observations.jsonl"), join(to, journal)),
      /was changed/,
    ],
    [
      "a verdict edited",
      edit("eu-central-1/report.json", (text) => text.replace('"contained"', '"breached"')),
      /report\.json was changed/,
    ],
    [
      "the grade of the run edited",
      edit("run.json", (text) => text.replace('"exitCode": 0', '"exitCode": 1')),
      /run\.json was changed/,
    ],
    [
      "a page edited",
      edit("report.html", (text) => text.replace("PASS", "FAIL")),
      /report\.html was changed/,
    ],
    [
      "the plan edited",
      edit("plan.json", (text) => text.replace('"deadlineMs": 4000', '"deadlineMs": 1')),
      /plan\.json/,
    ],
    [
      "the map edited",
      edit("residency.yaml", (text) => text.replace("7 years", "9 years")),
      /residency\.yaml was changed/,
    ],
    ["a page missing", (to) => rmSync(join(to, "us-east-1/junit.xml")), /junit\.xml is missing/],
    ["a region's folder missing", (to) => rmSync(join(to, "us-east-1"), { recursive: true }), /./],
    [
      "a file slipped in",
      (to) => writeFileSync(join(to, "us-east-1/approval.pdf"), "yes"),
      /approval\.pdf is not covered/,
    ],
    [
      "the bundles of two regions swapped",
      (to) =>
        cpSync(join(to, "us-east-1/evidence.sigstore.json"), join(to, "eu-central-1/evidence.sigstore.json")),
      /signed by the key of us-east-1/,
    ],
  ])("does not hold with %s, and the reason is named", async (_what, alter, reason) => {
    expect((await problemsAfter(alter)).join("\n")).toMatch(reason);
  });

  test("does not hold when its plan names no region, because then nothing was signed for", async () => {
    const empty = edit("plan.json", (text) => text.replace(/"regions": \[[^\]]*\]/, '"regions": []'));
    expect((await problemsAfter(empty)).join("\n")).toMatch(/no signature by a trusted key/);
  });

  test("does not hold when somebody else signs a changed run, because keys in the folder are not trusted", async () => {
    const stranger = openSigningKey(join(folder, "stranger"), {
      environment: "replica",
      region: "eu-central-1",
    });
    const problems = await problemsAfter(async (directory) => {
      const bundle = JSON.parse(readFileSync(join(directory, "eu-central-1/evidence.sigstore.json"), "utf8"));
      const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8"));
      writeFileSync(
        join(directory, "eu-central-1/evidence.sigstore.json"),
        await signStatement(statement, stranger),
      );
      writeFileSync(join(directory, "keys/eu-central-1.pub.pem"), stranger.publicPem);
    });
    expect(problems.join("\n")).toMatch(/not among the trusted/);
  });

  test("does not hold with verdicts that a trusted key signed but the journals do not bear out", async () => {
    const { createHash } = await import("node:crypto");
    const key = openSigningKey(join(folder, "insider"), { environment: "replica", region: "eu-central-1" });
    const insider = keys.map((one) =>
      one.region === "eu-central-1" ? { ...readPublicKeyOf(key.publicPem), region: "eu-central-1" } : one,
    );
    const problems = await problemsAfter(async (directory) => {
      const report = join(directory, "eu-central-1/report.json");
      writeFileSync(
        report,
        readFileSync(report, "utf8")
          .replaceAll(run.verdicts[0]?.reason ?? "", "refused")
          .replaceAll(keyOf(report), key.fingerprint),
      );
      const file = join(directory, "eu-central-1/evidence.sigstore.json");
      const bundle = JSON.parse(readFileSync(file, "utf8"));
      const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8"));
      for (const subject of statement.subject) {
        subject.digest.sha256 = createHash("sha256")
          .update(readFileSync(join(directory, subject.name)))
          .digest("hex");
      }
      statement.predicate["urn:ringfence:run:v1"].keyFingerprint = key.fingerprint;
      writeFileSync(file, await signStatement(statement, key));
    }, insider);
    expect(problems.join("\n")).toMatch(/eu-central-1\/report\.json is not what the journals say/);
  });

  test("does not hold with any one byte of any file flipped", async () => {
    const files = readdirSync(whole, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.endsWith("keys"))
      .map((entry) => join(entry.parentPath, entry.name).slice(whole.length + 1));
    const place = fc.constantFrom(...files).chain((name) =>
      fc.record({
        name: fc.constant(name),
        at: fc.nat(statSync(join(whole, name)).size - 1),
        bit: fc.nat(7),
      }),
    );
    await fc.assert(
      fc.asyncProperty(place, async ({ name, at, bit }) => {
        const bytes = readFileSync(join(whole, name));
        const flipped = Buffer.from(bytes);
        flipped[at] = (bytes[at] ?? 0) ^ (1 << bit);
        writeFileSync(join(whole, name), flipped);
        const { problems } = await verifyEvidence(whole, keys, replay);
        writeFileSync(join(whole, name), bytes);
        return problems.length > 0;
      }),
      { numRuns: 120 },
    );
  });

  test("carries no credential and no raw canary in anything written", () => {
    const text = readdirSync(whole, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .join("\n");
    expect(text).not.toMatch(/ringfence-canary-/);
    expect(text).not.toMatch(/X-Amz-Signature|PRIVATE KEY/);
  });

  function readPublicKeyOf(pem: string) {
    const file = join(folder, "insider.pem");
    writeFileSync(file, pem);
    return readPublicKey(file);
  }

  function keyOf(report: string): string {
    return (JSON.parse(readFileSync(report, "utf8")) as { keyFingerprint: string }).keyFingerprint;
  }
});
