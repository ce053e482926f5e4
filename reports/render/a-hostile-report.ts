import type { RegionReport } from "../report.ts";
import { aBreach, anInconclusive, aReport, aVerdict } from "./a-report.ts";

/** A report in which every free string is the given one. */
export function aHostileReport(text: string): RegionReport {
  const control = { id: text, ok: false, problem: text, addresses: [text] };
  const said = {
    id: text,
    probe: text,
    vector: text,
    from: { region: text, principal: text },
    to: { region: text, system: text, address: text },
    about: text,
    rerun: text,
    code: text,
    reason: text,
    controls: { twin: control, targetAlive: control },
  };
  const waiver = { owner: text, reason: text, approver: text, expires: text };
  return aReport({
    runId: text,
    title: text,
    environment: text,
    limits: [text],
    version: text,
    partial: true,
    scope: { regions: [text], paths: ["database"], outside: false },
    region: { id: text, jurisdiction: text, place: text },
    regions: [{ id: text, jurisdiction: text, place: text }],
    gaps: [{ path: "database", region: text, system: text, probe: text, reason: text }],
    notClaimed: [{ path: "cache", system: text, probe: text, reason: text }],
    journalProblems: [text],
    systems: [
      {
        id: text,
        kind: text,
        path: "database",
        holds: text,
        retention: text,
        readers: [text],
        exporters: [text],
        backups: text,
      },
    ],
    verdicts: [
      aVerdict(said),
      aVerdict({ ...aBreach, ...said }),
      aVerdict({ ...aBreach, ...said, waiver }),
      aVerdict({ ...anInconclusive, ...said }),
    ],
  });
}
