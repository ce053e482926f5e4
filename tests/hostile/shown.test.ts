import { describe, expect, test } from "vitest";
import { aTrial, type Run } from "../../core/a-trial.ts";
import { judge } from "../../core/judge.ts";
import { planDigest } from "../../core/plan.ts";
import { legibleText } from "../../probes/legible.ts";
import { buildRegionReport, buildRunSummary } from "../../reports/build-report.ts";
import { renderPopulationCsv } from "../../reports/render/csv.ts";
import { renderRegionHtml, renderRunHtml } from "../../reports/render/html.ts";
import { renderJunit } from "../../reports/render/junit.ts";
import { renderRegionMarkdown, renderRunMarkdown } from "../../reports/render/markdown.ts";
import { renderSarif } from "../../reports/render/sarif.ts";
import { summaryText } from "../../scripts/summary.ts";
import { explainable } from "./explained.ts";
import { attack } from "./wire.ts";

const context = {
  runId: "a-run",
  environment: "replica",
  fidelity: "replica",
  limits: [],
  version: "0.0.0",
  startedAt: "2026-11-22T12:00:00.000Z",
  durationMs: 1000,
  rerunOptions: "",
  filtered: false,
  signers: { judge: { kind: "key", fingerprint: "07".repeat(32) }, regions: {} },
} as const;

/** Every text that a run with that hostile answer leads to. */
function shown({ plan, map, journals, texts }: Run): Record<string, string> {
  const judged = { plan, planDigest: planDigest(plan), map, journals, judgement: judge(plan, map, journals) };
  const report = buildRegionReport("eu", judged, { ...context, limits: [] });
  const summary = buildRunSummary(judged, context);
  return {
    journal: texts.eu ?? "",
    html: renderRegionHtml(report),
    runHtml: renderRunHtml(summary, [report]),
    junit: renderJunit(report),
    markdown: renderRegionMarkdown(report),
    runMarkdown: renderRunMarkdown(summary, [report]),
    csv: renderPopulationCsv([report])
      .replace(/^\ufeff/, "")
      .replaceAll("\r\n", "\n"),
    sarif: renderSarif(summary, [report], ""),
    json: JSON.stringify(report),
    terminal: summaryText(summary, [report], "reports/out/a-run"),
  };
}

const raw =
  /<script>window|<img src=x|<testcase name='green'|^\{"seq":1,"prev":"0"|^# PASS|^\| ✓ contained \| forged/m;
const unseen = /[\p{Cc}\p{Cf}]/u;

function expectHarmless(texts: Record<string, string>): void {
  for (const [where, text] of Object.entries(texts)) {
    expect(text, where).not.toMatch(raw);
    expect(text.replaceAll("\n", ""), where).not.toMatch(unseen);
  }
}

describe("nothing that a hostile server said is shown raw", () => {
  test.each(explainable(attack))("%s", async (_what, tried) => {
    expectHarmless(shown(aTrial({ attempt: await tried() })));
  });

  test("a peer that a hostile own system named: bounded, one line, in every format", () => {
    const peer = legibleText(attack.repeat(10));
    expect(peer.length).toBeLessThanOrEqual(300);
    const links = [{ what: "the subscription", peer, addresses: ["203.0.113.9"] }];
    const run = aTrial({ probe: "links", findings: { links } });
    expect(judge(run.plan, run.map, run.journals).verdicts[0]?.grade).toBe("breached");
    expectHarmless(shown(run));
  });
});
