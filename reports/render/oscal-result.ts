import type { LeakPath } from "../../core/vocabulary.ts";
import type { Controls } from "../controls.ts";
import type { RegionReport } from "../report.ts";
import { leadSentence } from "./findings.ts";
import { type Cause, causesOf, isBreach } from "./oscal-causes.ts";
import { causeObservation, pathObservation, riskOf } from "./oscal-observations.ts";
import { markup, property, type RegionNames, some } from "./oscal-terms.ts";
import { partialWords } from "./run-view.ts";
import { counted, countText, pathWords, regionGradeWords } from "./words.ts";

interface Frame {
  names: RegionNames;
  controls: Controls | null;
  partial: boolean;
}

/** One region's result. */
export function oscalResult(report: RegionReport, { names, controls, partial }: Frame) {
  const { region, grade, counts, gaps, limits } = report;
  const causes = causesOf(report.verdicts);
  const paths = [...new Set([...report.verdicts, ...gaps].map(({ path }) => path))].sort();
  const asked = partial ? [partialWords(report.scope)] : [];
  return {
    uuid: names.own("result"),
    title: markup(`${region.id}, ${region.place}: ${regionGradeWords[grade].text}`),
    description: markup(leadSentence(grade, [report])),
    start: report.startedAt,
    end: report.finishedAt,
    props: [
      property("region", region.id),
      property("jurisdiction", region.jurisdiction),
      property("grade", grade),
      ...Object.entries({ ...counts, gaps: gaps.length }).map(([name, count]) =>
        property(name, String(count)),
      ),
    ],
    "local-definitions": some("components", componentsOf(report, names)),
    "reviewed-controls": {
      description: "The leak paths of the residency map, each by its own name. No catalog defines them.",
      "control-selections": [
        some(
          "include-controls",
          paths.map((path) => ({ "control-id": path })),
        ),
      ],
    },
    ...some("observations", [
      ...paths.map((path) => pathObservation(path, report, names)),
      ...causes.map((cause) => causeObservation(cause, report, names)),
    ]),
    ...some(
      "risks",
      causes.filter(isBreach).map((cause) => riskOf(cause, names)),
    ),
    findings: [
      regionFinding(report, { names, partial }),
      ...paths.map((path) => pathFinding(path, report, { names, controls, causes })),
    ],
    ...remarksOf([...asked, ...report.journalProblems.map((problem) => `Journal: ${problem}.`), ...limits]),
  };
}

/** The systems that this region has, and those that were tried from it. */
function componentsOf({ systems, verdicts }: RegionReport, { own }: RegionNames) {
  const ids = new Set([...systems.map(({ id }) => id), ...verdicts.map(({ to }) => to.system)]);
  return [...ids].map((id) => {
    const declared = systems.find((system) => system.id === id);
    const words = declared
      ? `A system of kind ${declared.kind} that holds: ${declared.holds}. Retention: ${declared.retention}. Backups: ${declared.backups}.`
      : "A system that this region does not have, and that was tried from it.";
    return {
      uuid: own("system", id),
      type: "service",
      title: markup(id),
      description: markup(words),
      status: { state: "operational" },
    };
  });
}

/** Satisfied only by a whole pass: an exception is a breach that somebody has signed for. */
function regionFinding(
  { region, grade, verdicts, gaps }: RegionReport,
  { names, partial }: { names: RegionNames; partial: boolean },
) {
  const satisfied = grade === "pass" && !partial && verdicts.length > 0 && gaps.length === 0;
  const breached = verdicts.some((verdict) => verdict.grade === "breached");
  return {
    uuid: names.own("finding"),
    title: markup(`Isolation of ${region.id}`),
    description: markup(`${regionGradeWords[grade].text}${partial ? ", of a part of the map" : ""}.`),
    target: targetOf(
      "isolation",
      `Isolation of ${region.id}`,
      satisfied ? "pass" : breached ? "fail" : "other",
    ),
  };
}

function pathFinding(
  path: LeakPath,
  { verdicts, gaps, journalProblems }: RegionReport,
  {
    names: { own },
    controls,
    causes,
  }: { names: RegionNames; controls: Controls | null; causes: readonly Cause[] },
) {
  const tried = verdicts.filter((verdict) => verdict.path === path);
  const missing = gaps.filter((gap) => gap.path === path);
  const contained = tried.filter(({ grade }) => grade === "contained");
  const breached = tried.filter(({ grade }) => grade === "breached");
  const whole = tried.length > 0 && contained.length === tried.length;
  const satisfied = whole && missing.length === 0 && journalProblems.length === 0;
  const mine = causes.filter(({ first }) => first.path === path);
  const criteria = (controls?.frameworks ?? []).flatMap(({ name, criteria }) =>
    criteria
      .filter(({ paths }) => paths === "all" || paths.includes(path))
      .map(({ id }) => property("criterion", `${name}: ${id}`, "The evidence may support it.")),
  );
  return {
    uuid: own("finding", path),
    title: markup(pathWords(path)),
    description: markup(
      `Of ${counted(tried.length, "attempt")}: ${countText(contained.length)} contained, ${countText(breached.length)} breached, ${countText(tried.length - contained.length - breached.length)} inconclusive. ${counted(missing.length, "gap")}.`,
    ),
    ...some("props", criteria),
    target: targetOf(path, pathWords(path), satisfied ? "pass" : breached.length > 0 ? "fail" : "other"),
    "related-observations": [
      { "observation-uuid": own("path", path) },
      ...mine.map(({ name }) => ({ "observation-uuid": own("cause", name) })),
    ],
    ...some(
      "related-risks",
      mine.filter(isBreach).map(({ name }) => ({ "risk-uuid": own("risk", name) })),
    ),
  };
}

function targetOf(id: string, title: string, reason: "pass" | "fail" | "other") {
  const unknown = { remarks: "Inconclusive: shown neither to be contained nor to be breached." };
  return {
    type: "objective-id",
    "target-id": id,
    title: markup(title),
    status: {
      state: reason === "pass" ? "satisfied" : "not-satisfied",
      reason,
      ...(reason === "other" ? unknown : {}),
    },
  };
}

function remarksOf(texts: readonly string[]) {
  return texts.length > 0 ? { remarks: texts.map(markup).join("\n\n") } : {};
}
