import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openSigningKey } from "../attest/keys.ts";
import { journalName } from "../attest/observed-statement.ts";
import { type EvidenceSigner, localSigner } from "../attest/signer.ts";
import { aMap, kinds } from "../core/a-trial.ts";
import { readJournal } from "../core/journal.ts";
import { judge } from "../core/judge.ts";
import { planAttempts, planDigest } from "../core/plan.ts";
import { bundleName, writeEvidence } from "./evidence.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-written-"));
afterAll(() => rmSync(folder, { recursive: true }));

const map = aMap({ regions: ["eu", "us"] });
const regions = Object.keys(map.regions);
const plan = planAttempts(map, kinds, { environment: "replica" });
const runId = "a-run";
const journals = regions.map((region) =>
  readJournal("", { runId, region, plan: planDigest(plan), map: plan.map }),
);
const judgement = judge(plan, map, journals);
const judged = { map, plan, planDigest: planDigest(plan), mapText: "", journals, judgement };

/** `signatures`: after so many of them the judge's key is out of reach. */
async function written(name: string, signatures: number): Promise<string> {
  const directory = join(folder, name);
  for (const region of regions) {
    mkdirSync(join(directory, region), { recursive: true });
    writeFileSync(join(directory, journalName(region)), "");
  }
  const own = localSigner(openSigningKey(join(folder, "keys"), { environment: "x", role: "judge" }));
  let left = signatures;
  const signer: EvidenceSigner["signer"] = {
    sign: async (data) => {
      if (left-- === 0) throw new Error("out of reach");
      return await own.signer.sign(data);
    },
  };
  const signedAt = "2026-11-22T13:10:00.000Z";
  const context = {
    ...{ runId, environment: "replica", fidelity: "replica" as const, limits: [], version: "0.0.0" },
    ...{ startedAt: "2026-11-22T13:00:00.000Z", durationMs: 1, rerunOptions: "", filtered: false },
    signers: { judge: own.who, regions: {} },
  };
  await writeEvidence(directory, judged, {
    judge: { ...own, signer },
    drills: null,
    signedAt,
    context,
  }).catch((error: Error) => {
    if (error.message !== "out of reach") throw error;
  });
  return directory;
}

test("a run that nobody could sign as a whole has no summary, for whoever reads it takes it for one that ended", async () => {
  const whole = await written("whole", regions.length + 1);
  const unsigned = await written("unsigned", regions.length);
  const ended = (directory: string) =>
    ["run.json", bundleName].map((name) => existsSync(join(directory, name)));
  expect(ended(whole)).toEqual([true, true]);
  expect(ended(unsigned)).toEqual([false, false]);
});
