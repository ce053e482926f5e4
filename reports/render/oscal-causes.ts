import type { ReportVerdict } from "../report.ts";
import { exceptions, groupBy, isExcepted, openFindings } from "./findings.ts";

/** Attempts of one leak path that were not contained, all for one reason. */
export interface Cause {
  /** Within its report. */
  name: string;
  first: ReportVerdict;
  verdicts: readonly ReportVerdict[];
}

export function causesOf(verdicts: readonly ReportVerdict[]): Cause[] {
  const open = openFindings(verdicts).map((finding) => finding.verdicts);
  const excepted = exceptions(verdicts.filter(isExcepted)).flatMap((group) =>
    groupBy(group, ({ path }) => path),
  );
  return [...open, ...excepted].flatMap(([first, ...more], index) =>
    first ? [{ name: String(index + 1), first, verdicts: [first, ...more] }] : [],
  );
}

export function isBreach({ first }: Cause): boolean {
  return first.grade === "breached";
}
