import { describe, expect, test } from "vitest";
import { aMap, aRun, aSystem, aTrial, damaged, kinds, reached, silentAt } from "../core/a-trial.ts";
import { judge } from "../core/judge.ts";
import { planAttempts, planDigest } from "../core/plan.ts";
import { buildRegionReport, buildRunSummary, isPartial, type ReportContext } from "./build-report.ts";

type Run = ReturnType<typeof aTrial>;

const key = { kind: "key", fingerprint: "a1d4".repeat(16) } as const;
const context: ReportContext = {
  ...{ runId: "a-run", environment: "replica", fidelity: "replica", limits: ["no cloud"], version: "0.0.0" },
  ...{ startedAt: "2026-11-22T13:00:00.000Z", durationMs: 40_000, rerunOptions: "--env replica" },
  filtered: false,
  signers: { judge: key, regions: { eu: key } },
};

const judgedOf = ({ plan, map, journals }: Run) => ({
  ...{ plan, map, journals, planDigest: planDigest(plan) },
  judgement: judge(plan, map, journals),
});
const reportOf = (run: Run, more: Partial<ReportContext> = {}) =>
  buildRegionReport("eu", judgedOf(run), { ...context, ...more });
const summaryOf = (run: Run, more: Partial<ReportContext> = {}) =>
  buildRunSummary(judgedOf(run), { ...context, ...more });

const excepted = { from: "eu", to: "us", owner: "a", reason: "b", approver: "c", expires: "2027-01-01" };

describe("the summary of a run", () => {
  test.each<[string, Run, number, object]>([
    ["contained", aTrial(), 0, { grade: "pass", contained: 1, breached: 0, inconclusive: 0 }],
    [
      "breached",
      aTrial({ attempt: reached("data") }),
      1,
      { grade: "breached", contained: 0, breached: 1, inconclusive: 0 },
    ],
    ["never made", aTrial({ attempt: [] }), 2, { grade: "inconclusive", contained: 0, inconclusive: 1 }],
  ])("of an attempt that was %s has its grade, its counts and its exit code", (_what, run, exitCode, eu) => {
    const summary = summaryOf(run);
    expect(summary).toMatchObject({ exitCode, regions: { eu: { planned: 1, ...eu } } });
    expect(summary.grade).toBe(summary.regions.eu?.grade);
  });
});

describe("a run of a part", () => {
  const { plan, map } = aTrial();
  const whole = { ...plan, scope: { ...plan.scope, regions: Object.keys(map.regions) } };

  test.each([
    ["whose tests were asked for by name", whole, true, true],
    ["of one region of two", plan, false, true],
    ["of no leak path of one", { ...whole, scope: { ...whole.scope, paths: [] } }, false, true],
    ["of all regions and paths", whole, false, false],
  ])("is one %s", (_what, asked, filtered, partial) => {
    expect(isPartial(asked, map, { filtered })).toBe(partial);
    const judged = judgedOf({ ...aTrial(), plan: asked });
    expect(buildRunSummary(judged, { ...context, filtered }).partial).toBe(partial);
    expect(buildRegionReport("eu", judged, { ...context, filtered }).partial).toBe(partial);
  });
});

describe("the report of a region", () => {
  test("says of an attempt where it was stopped, by what, and which controls held", () => {
    const [verdict, ...more] = reportOf(aTrial()).verdicts;
    expect(more).toEqual([]);
    expect(verdict).toMatchObject({
      ...{ family: "trespass", probe: "read", about: "us", grade: "contained", stoppedAt: "network" },
      ...{
        from: { region: "eu" },
        to: { region: "us", system: "orders", address: "10.20.0.5" },
        waiver: null,
      },
      controls: {
        twin: { ok: true, problem: null, addresses: ["10.10.0.5"] },
        targetAlive: { ok: true, problem: null, addresses: ["10.20.0.5"] },
      },
    });
    expect(verdict?.controls.twin?.id).not.toBe(verdict?.controls.targetAlive?.id);
  });

  test("says which control did not hold, and why", () => {
    const [verdict] = reportOf(aTrial({ twin: { before: [silentAt("network")] } })).verdicts;
    expect(verdict?.controls.twin).toMatchObject({ ok: false, problem: expect.stringMatching(/./) });
    expect(verdict?.controls.targetAlive).toMatchObject({ ok: true, problem: null });
  });

  test("keeps a breach under an exception a breach, and counts it as excepted", () => {
    const report = reportOf(aTrial({ attempt: reached("data"), waivers: [excepted] }));
    const { from: _, to: __, ...signed } = excepted;
    expect(report.verdicts[0]).toMatchObject({ grade: "breached", waiver: signed });
    expect(report.counts).toMatchObject({ planned: 1, breached: 1, waived: 1 });
  });

  test("names its own gaps, and what else limits what it says", () => {
    const gap = { path: "database", region: "eu", system: "orders", probe: "read", reason: "none" } as const;
    const run = aTrial({ gaps: [gap, { ...gap, region: "us" }] });
    const { limits, fidelity, version } = context;
    expect(reportOf(run)).toMatchObject({ gaps: [gap], grade: "inconclusive", limits, fidelity, version });
    expect(reportOf(run).regions.map(({ id }) => id)).toEqual(["eu", "us"]);
    expect(reportOf(run).region).toEqual({ id: "eu", jurisdiction: "EU", place: "Somewhere" });
  });

  test("holds and counts what was planned from there, and nothing of another region", () => {
    const map = aMap({ regions: ["eu", "us"] });
    const plan = planAttempts(map, kinds, { environment: "replica" });
    const judged = judgedOf(aRun({ map, plan }));
    const planned = (region: string, role: string) =>
      plan.items.filter((item) => item.role === role && item.from.region === region).map(({ id }) => id);
    for (const region of ["eu", "us"]) {
      const [attempts, controls] = [planned(region, "attempt"), planned(region, "control")];
      expect(attempts.length).not.toBe(controls.length);
      const { verdicts, counts } = buildRegionReport(region, judged, context);
      expect(verdicts.map(({ id }) => id).sort()).toEqual(attempts.sort());
      expect(counts).toMatchObject({ planned: attempts.length, controls: controls.length });
    }
  });

  test("has the times of its own journal, and the run's where there is none", () => {
    const started = "2026-11-22T13:00:00.000Z";
    const whole = reportOf(aTrial(), { startedAt: "2026-01-01T00:00:00.000Z" });
    expect(whole.durationMs).toBe(30_000);
    expect(Date.parse(whole.finishedAt) - Date.parse(whole.startedAt)).toBe(30_000);
    const cut = reportOf(damaged(aTrial(), "eu", (lines) => lines.slice(0, -1)));
    expect([cut.finishedAt, cut.durationMs]).toEqual([cut.startedAt, 0]);
    const none = reportOf(damaged(aTrial(), "eu", () => []));
    expect([none.startedAt, none.finishedAt, none.durationMs]).toEqual([started, started, 0]);
    for (const broken of [cut, none]) {
      expect(broken.grade).toBe("inconclusive");
      expect(broken.journalProblems).not.toEqual([]);
    }
  });

  test("names the systems that are at home there, with where their backups go", () => {
    const { plan, map, journals } = aTrial();
    const backedUp = {
      storedIn: "same-region",
      retention: "35 days",
      restoredTo: ["staging", "test"],
    } as const;
    const systems = [
      aSystem({ backups: { storedIn: "none", retention: "none", restoredTo: [] } }),
      aSystem({ id: "mail", backups: { ...backedUp, restoredTo: [...backedUp.restoredTo] } }),
      aSystem({ id: "logs", backups: { ...backedUp, restoredTo: [] } }),
      aSystem({ id: "theirs", home: "us" }),
    ];
    const report = reportOf({ plan, map: { ...map, systems }, journals, texts: {} });
    expect(report.systems.map(({ id, backups }) => [id, backups])).toEqual([
      ["orders", "none"],
      ["mail", "same-region, kept 35 days, restored to staging, test"],
      ["logs", "same-region, kept 35 days, restored to nowhere"],
    ]);
  });

  test("says whose data an attempt is about, where that is not the system's own region", () => {
    expect(reportOf(aTrial({ probe: "stray" })).verdicts[0]).toMatchObject({
      to: { region: "eu" },
      about: "us",
    });
  });

  test("names nobody who did not sign", () => {
    expect(reportOf(aTrial()).signers).toEqual({ observed: key, judged: key });
    expect(reportOf(aTrial(), { signers: { judge: key, regions: {} } }).signers.observed).toBeNull();
  });

  test("reruns each line by a pattern that a shell passes on and that means that line alone", () => {
    const { plan } = aTrial();
    const title = plan.items.find(({ role }) => role === "attempt")?.title ?? "";
    const [verdict] = reportOf(aTrial()).verdicts;
    const [, options, pattern] = / -- run (.*) -t '([^']*)'$/.exec(verdict?.rerun ?? "") ?? [];
    expect(options).toBe(`--env replica --region eu --path ${verdict?.path}`);
    expect(new RegExp(pattern ?? "").test(title)).toBe(true);
    expect(new RegExp(pattern ?? "").test(`${title} too`)).toBe(false);
  });
});
