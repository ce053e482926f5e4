import type { LeakPath } from "../../core/vocabulary.ts";
import type { RegionReport, ReportVerdict } from "../report.ts";
import type { Cause } from "./oscal-causes.ts";
import { markup, property, type RegionNames, some } from "./oscal-terms.ts";
import { counted, countText, crossingWords, pathWords } from "./words.ts";

/** What was tried of one leak path, and what could not be. */
export function pathObservation(path: LeakPath, report: RegionReport, names: RegionNames) {
  const tried = report.verdicts.filter((verdict) => verdict.path === path);
  const contained = tried.filter(({ grade }) => grade === "contained").length;
  const missing = report.gaps
    .filter((gap) => gap.path === path)
    .map(({ system, probe, reason }) => `Not tried: ${system}, ${probe}: ${reason}.`);
  return {
    uuid: names.own("path", path),
    title: markup(pathWords(path)),
    description: markup(`${countText(contained)} of ${counted(tried.length, "attempt")} contained.`),
    ...sourceOf(tried, report, names, "control-objective"),
    ...(missing.length > 0 ? { remarks: missing.map(markup).join("\n\n") } : {}),
  };
}

export function causeObservation({ name, first, verdicts }: Cause, report: RegionReport, names: RegionNames) {
  return {
    uuid: names.own("cause", name),
    title: markup(titleOf(first)),
    description: markup(
      `${counted(verdicts.length, "attempt")}. The first: ${first.vector}: ${first.reason}.`,
    ),
    props: [
      property("grade", first.grade),
      property("attempts", String(verdicts.length)),
      property("first-attempt", first.id),
      property("rerun", first.rerun),
    ],
    ...sourceOf(verdicts, report, names, "finding"),
  };
}

/** A breach stays one under an exception, whose owner accepts it. */
export function riskOf({ name, first, verdicts }: Cause, { own }: RegionNames) {
  const { waiver } = first;
  return {
    uuid: own("risk", name),
    title: markup(titleOf(first)),
    description: markup(`The first attempt: ${first.reason}.`),
    statement: markup(
      `Data of ${first.about} may leave by ${counted(verdicts.length, "way")} that were tried.`,
    ),
    status: waiver ? "deviation-approved" : "open",
    ...(waiver
      ? {
          props: [
            property("owner", waiver.owner, waiver.reason),
            property("approver", waiver.approver),
            property("expires", waiver.expires),
          ],
        }
      : {}),
    "related-observations": [{ "observation-uuid": own("cause", name) }],
  };
}

function titleOf(verdict: ReportVerdict): string {
  return `${pathWords(verdict.path)}, ${verdict.grade}: ${crossingWords(verdict)}`;
}

function sourceOf(
  verdicts: readonly ReportVerdict[],
  { region, finishedAt }: RegionReport,
  { own, file }: RegionNames,
  type: "control-objective" | "finding",
) {
  const systems = [...new Set(verdicts.map(({ to }) => to.system))];
  return {
    methods: ["TEST"],
    types: [type],
    ...some(
      "subjects",
      systems.map((id) => ({ "subject-uuid": own("system", id), type: "component", title: markup(id) })),
    ),
    "relevant-evidence": [
      {
        href: `#${file(`${region.id}/report.json`)}`,
        description: "Every attempt, its reason and its controls.",
      },
      { href: `#${file(`${region.id}/observations.jsonl`)}`, description: "What was observed, in order." },
    ],
    collected: finishedAt,
  };
}
