import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  aMap,
  aRun,
  aSum,
  aSystem,
  asPromised,
  aTrial,
  aWrite,
  canaryOf,
  faulted,
  kinds,
  type Observe,
  type TrialParts,
  verdictOn,
} from "./a-trial.ts";
import { sha256 } from "./digest.ts";
import type { RowSum, Write } from "./journal.ts";
import { judge } from "./judge.ts";
import { planAttempts } from "./plan.ts";
import type { Grade } from "./vocabulary.ts";

const own = canaryOf("eu");
const other = sha256("other rows");

type Row = [sentence: string, trial: TrialParts, grade: Grade, reason?: RegExp];

function table(rows: Row[]): void {
  test.each(rows)("%s", (_sentence, trial, grade, reason = /./) => {
    const verdict = verdictOn(aTrial(trial));
    expect({ grade: verdict.grade, reason: verdict.reason }).toEqual({
      grade,
      reason: expect.stringMatching(reason),
    });
  });
}

describe("a write for a tenant that is being moved", () => {
  const wrote = (...writes: Write[]): TrialParts => ({
    probe: "frozen",
    findings: { canaries: [own], writes },
  });
  const both = [aWrite("settled"), aWrite("moving")];
  const deleted = (tenant: Write["tenant"], code?: string | null) => aWrite(tenant, code, "DELETE");
  table([
    [
      "was refused as declared, where a settled tenant's was accepted",
      wrote(...both),
      "contained",
      /refuses/,
    ],
    [
      "was refused, and the settled tenant's was accepted before and after it",
      wrote(...both, aWrite("settled")),
      "contained",
    ],
    [
      "was accepted, and so it is lost with the source",
      wrote(aWrite("settled"), aWrite("moving", null)),
      "breached",
      /INSERT was accepted/,
    ],
    ["was accepted, which needs no control", wrote(aWrite("moving", null)), "breached"],
    [
      "was accepted, though the settled tenant's was refused",
      wrote(aWrite("settled", "42501"), aWrite("moving", null)),
      "breached",
    ],
    [
      "was accepted once, and refused in all other ways",
      wrote(...both, deleted("settled"), deleted("moving", null)),
      "breached",
      /DELETE was accepted/,
    ],
    [
      "was accepted before the look failed",
      { ...wrote(aWrite("moving", null)), attempt: faulted("CLOSED_BY_PEER") },
      "breached",
    ],
    [
      "was refused before the look failed, so that nobody knows of the others",
      { ...wrote(...both), attempt: faulted("CLOSED_BY_PEER") },
      "inconclusive",
      /CLOSED_BY_PEER/,
    ],
    ["was not tried for a settled tenant", wrote(aWrite("moving")), "inconclusive", /not tried/],
    [
      "was tried for a settled tenant in another way only",
      wrote(deleted("settled"), aWrite("moving")),
      "inconclusive",
      /INSERT was not tried/,
    ],
    [
      "is refused for everybody: a missing right looks like a freeze",
      wrote(aWrite("settled", "42501"), aWrite("moving", "MOVING")),
      "inconclusive",
      /42501 for a tenant that is not moving, too/,
    ],
    [
      "was refused after the server had begun to refuse everybody",
      wrote(...both, aWrite("settled", "25006")),
      "inconclusive",
      /25006/,
    ],
    [
      "was refused with a code that the map does not declare",
      wrote(aWrite("settled"), aWrite("moving", "23503")),
      "inconclusive",
      /23503, which is not what the map declares/,
    ],
    [
      "was refused as declared in one of two ways",
      wrote(...both, deleted("settled"), deleted("moving", "55P03")),
      "inconclusive",
      /DELETE was refused with 55P03/,
    ],
    ["was never tried", wrote(aWrite("settled")), "inconclusive", /nothing was written/],
    ["is not told of", { probe: "frozen", findings: { canaries: [own] } }, "inconclusive", /nothing was/],
    [
      "went to a tenant that holds no canary of the region",
      { probe: "frozen", findings: { canaries: [], writes: both } },
      "inconclusive",
      /own canary/,
    ],
    [
      "went to a tenant of another region's",
      { probe: "frozen", findings: { canaries: [own, canaryOf("us", "orders")], writes: both } },
      "breached",
      /canary of us/,
    ],
    [
      "went to a tenant that nobody planted",
      { probe: "frozen", findings: { canaries: [own, "f".repeat(64)], writes: both } },
      "inconclusive",
      /unknown origin/,
    ],
  ]);

  test("without declared codes is never contained, because anything might have refused it", () => {
    const { plan, map } = aTrial({ probe: "frozen" });
    const items = plan.items.map(({ refusals: _gone, ...item }) => item);
    expect(verdictOn(aRun({ plan: { ...plan, items }, map })).grade).toBe("inconclusive");
  });

  test("whatever else was written, it is contained only beside its own accepted twin, and never when accepted", () => {
    const code = fc.option(fc.constantFrom("MOVING", "42501", "NO_ROW_CHANGED"));
    const how = fc.constantFrom("INSERT", "UPDATE as sync");
    const write = fc.record({ tenant: fc.constantFrom("moving", "settled"), code, how });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 6 }), (all) => {
        const writes = all.map((one) => aWrite(one.tenant as Write["tenant"], one.code, one.how));
        const { grade } = verdictOn(aTrial(wrote(...writes)));
        const moving = all.filter(({ tenant }) => tenant === "moving");
        const accepted = moving.some((one) => one.code === null);
        expect(grade === "breached").toBe(accepted);
        if (grade !== "contained") return;
        expect(moving.length).toBeGreaterThan(0);
        for (const one of moving) {
          expect(one.code).toBe("MOVING");
          const twins = all.filter((twin) => twin.tenant === "settled" && twin.how === one.how);
          expect(twins.length > 0 && twins.every((twin) => twin.code === null)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("a tenant that moved here", () => {
  const whole = (...sums: RowSum[]): TrialParts => ({ probe: "whole", findings: { canaries: [own], sums } });
  const counted = (parts?: Partial<RowSum>) => aSum("count", "eu", parts);
  const said = (parts?: Partial<RowSum>) => aSum("manifest", "eu", parts);
  const files = { part: "files", digest: other };
  table([
    ["has the rows that its manifest says", whole(counted(), said()), "contained", /very rows/],
    ["has them in all parts", whole(counted(), said(), counted(files), said(files)), "contained"],
    ["lost a row", whole(counted({ rows: 3 }), said()), "breached", /has 3 rows in members, and left with 4/],
    ["lost all rows", whole(counted({ rows: 0 }), said()), "breached", /has 0 rows/],
    ["has a row twice", whole(counted({ rows: 5 }), said()), "breached", /has 5 rows/],
    ["has an altered row", whole(counted({ digest: other }), said()), "breached", /not those that left/],
    [
      "lost the very row that holds the canary",
      { probe: "whole", findings: { canaries: [], sums: [counted({ rows: 3 }), said()] } },
      "breached",
    ],
    [
      "lost rows in one part of several",
      whole(counted(), said(), counted({ ...files, rows: 1 }), said(files)),
      "breached",
      /files/,
    ],
    [
      "has a manifest of its own move and one of another, and which is true nobody can say",
      whole(counted(), said(), said({ rows: 2, digest: other })),
      "breached",
    ],
    [
      "lost a row before the look failed",
      { ...whole(counted({ rows: 3 }), said()), attempt: faulted("NO_MANIFEST_LEFT_BEHIND") },
      "breached",
    ],
    [
      "came with its rows, and nobody knows what stayed behind",
      { ...whole(counted(), said()), attempt: faulted("NO_MANIFEST_LEFT_BEHIND") },
      "inconclusive",
      /NO_MANIFEST_LEFT_BEHIND/,
    ],
    ["came without a manifest", whole(counted()), "inconclusive", /no manifest/],
    ["came with a manifest of another part", whole(counted(), said(files)), "inconclusive", /no manifest/],
    [
      "came with a manifest that counts more than the map",
      whole(counted(), said(), said(files)),
      "inconclusive",
      /names files, which was not counted/,
    ],
    [
      "came with another tenant's manifest",
      whole(counted(), aSum("manifest", "us")),
      "inconclusive",
      /no manifest/,
    ],
    [
      "has no row, and left with none",
      whole(counted({ rows: 0 }), said({ rows: 0 })),
      "inconclusive",
      /no row/,
    ],
    ["was not counted", whole(said()), "inconclusive", /no row of a tenant that moved was counted/],
    ["is not told of", { probe: "whole", findings: { canaries: [own] } }, "inconclusive", /was counted/],
    [
      "holds no canary, so that nobody knows whose rows were counted",
      { probe: "whole", findings: { canaries: [], sums: [counted(), said()] } },
      "inconclusive",
      /own canary/,
    ],
  ]);

  const map = aMap({ systems: [aSystem({ kind: "mover" }), aSystem({ id: "files", kind: "mover" })] });
  const plan = planAttempts(map, kinds, { environment: "replica" });
  const gradesWith = (left: RowSum, system = "orders") => {
    const observe: Observe = (item, phase) => {
      const usual = asPromised(item, phase);
      const isSource = item.probe === "whole" && item.from.region === "us" && item.to.system === system;
      if (!usual || !isSource) return usual;
      return { ...usual, findings: { ...usual.findings, sums: [...(usual.findings?.sums ?? []), left] } };
    };
    const run = aRun({ plan, map, observe });
    const verdicts = judge(run.plan, run.map, run.journals).verdicts.filter(
      ({ item }) => item.probe === "whole" && item.to.system === "orders",
    );
    return Object.fromEntries(verdicts.map(({ item, grade }) => [item.from.region, grade]));
  };
  const clean = { ap: "contained", eu: "contained", us: "contained" };

  test("is held against what its source says that left, too: a manifest made of the copy proves nothing", () => {
    expect(gradesWith(said())).toEqual(clean);
    expect(gradesWith(said({ rows: 5, digest: other }))).toEqual({ ...clean, eu: "breached" });
  });

  test("is not shown to be whole where its source names a part that nobody counted here", () => {
    expect(gradesWith(said(files))).toEqual({ ...clean, eu: "inconclusive" });
    expect(gradesWith(said(files), "files")).toEqual(clean);
  });

  interface Heard {
    problems?: string[];
    regions?: string[];
    departed?: string[];
  }

  test("is not shown to be whole where its source, as the map names it, says nothing of what left", () => {
    const gradeWith = (
      left: RowSum[],
      { problems = [], regions = ["eu", "us", "ap"], departed = ["us"] }: Heard = {},
    ) => {
      const perRegion = Object.fromEntries(departed.map((region) => [region, { departed: "moved-to-eu" }]));
      const named = aMap({ systems: [aSystem({ kind: "mover", perRegion })] });
      const observe: Observe = (item, phase) => {
        const usual = asPromised(item, phase);
        if (!usual || item.probe !== "whole" || item.from.region !== "us") return usual;
        return {
          ...usual,
          findings: { ...usual.findings, sums: [...(usual.findings?.sums ?? []), ...left] },
        };
      };
      const plan = planAttempts(named, kinds, { environment: "replica", regions });
      const run = aRun({ plan, map: named, observe });
      const journals = run.journals.map((journal) =>
        journal.region === "us" ? { ...journal, problems } : journal,
      );
      const verdicts = judge(run.plan, run.map, journals).verdicts;
      return verdicts.find(({ item }) => item.probe === "whole" && item.from.region === "eu");
    };
    expect(gradeWith([said()])).toMatchObject({ grade: "contained" });
    expect(gradeWith([])).toMatchObject({
      grade: "inconclusive",
      reason: "us, which moved-to-eu left, does not say which rows of members left",
    });
    expect(gradeWith([said({ part: "files" })])).toMatchObject({ grade: "inconclusive" });
    expect(gradeWith([counted()])).toMatchObject({ grade: "inconclusive" });
    expect(gradeWith([said()], { problems: ["cut off"] })).toMatchObject({ grade: "inconclusive" });
    expect(gradeWith([], { regions: ["eu"] }), "it was not to be asked").toMatchObject({
      grade: "contained",
    });
  });

  test("is not held against what is said of another system, or another tenant", () => {
    expect(gradesWith(said({ digest: other }), "files")).toEqual(clean);
    expect(gradesWith(said({ digest: other, tenant: "moved-elsewhere" }))).toEqual(clean);
  });

  test("is not held against what another region counts, because that is not what left", () => {
    expect(gradesWith(counted({ digest: other })).us).not.toBe("contained");
    expect(gradesWith(counted({ digest: other })).eu).toBe("contained");
  });

  test("is contained only where every count has an equal manifest, and breached exactly where one differs", () => {
    const sum = fc.record({
      by: fc.constantFrom<RowSum["by"]>("count", "manifest"),
      part: fc.constantFrom("members", "files"),
      rows: fc.constantFrom(0, 3, 4),
      digest: fc.constantFrom(other, sha256("eu")),
    });
    fc.assert(
      fc.property(fc.array(sum, { maxLength: 5 }), (all) => {
        const sums = all.map(({ by, ...parts }) => aSum(by, "eu", parts));
        const { grade } = verdictOn(aTrial(whole(...sums)));
        const counts = sums.filter(({ by }) => by === "count");
        const manifests = sums.filter(({ by }) => by === "manifest");
        const differ = counts.some((count) =>
          manifests.some(
            ({ part, rows, digest }) =>
              part === count.part && (rows !== count.rows || digest !== count.digest),
          ),
        );
        expect(grade === "breached").toBe(differ);
        if (grade !== "contained") return;
        expect(counts.length).toBeGreaterThan(0);
        for (const { part, rows } of counts) {
          expect(rows).toBeGreaterThan(0);
          expect(manifests.some((manifest) => manifest.part === part)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
