import type { Controls } from "../controls.ts";
import type { RegionReport, RunSummary } from "../report.ts";
import { criteriaSection, inventorySection, notClaimedSection, verifySection } from "./pdf-appendix.ts";
import { containedSection, matrixSection } from "./pdf-coverage.ts";
import { exceptionSection, openSection, unprovenSection } from "./pdf-findings.ts";
import { headline } from "./pdf-headline.ts";
import { Paper } from "./pdf-paper.ts";
import { runView } from "./run-view.ts";
import { fidelityWords, regionGradeWords } from "./words.ts";

/** A run on paper, for evidence libraries, which take no page. Same input, same bytes. `files`: SHA-256 of
 *  the signed files that the reports were read from. */
export async function renderPdf(
  run: RunSummary,
  reports: readonly RegionReport[],
  { controls = null, files = {} }: { controls?: Controls | null; files?: Record<string, string> } = {},
): Promise<Uint8Array> {
  const verdicts = reports.flatMap((report) => report.verdicts);
  const grade = regionGradeWords[run.grade].text;
  const fidelity = fidelityWords[run.fidelity].name;
  const paper = new Paper({
    title: `${grade}: ${runView(run, reports).subject} (${fidelity.toLowerCase()}), Ringfence`,
    subject: `Isolation evidence of run ${run.runId}`,
    moment: new Date(run.startedAt),
  });
  headline(paper, run, reports);
  exceptionSection(paper, verdicts);
  openSection(paper, verdicts);
  unprovenSection(paper, reports);
  matrixSection(paper, reports);
  containedSection(paper, reports);
  notClaimedSection(paper, reports);
  criteriaSection(paper, controls, reports);
  inventorySection(paper, reports);
  verifySection(paper, reports, files);
  return paper.finish(`${grade} · ${fidelity} · Ringfence, run ${run.runId}`);
}
