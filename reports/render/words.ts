import type { OpenFinding } from "../../attest/history/record.ts";
import type { Grade, LeakPath, RegionGrade } from "../../core/vocabulary.ts";
import type { RegionReport, ReportVerdict } from "../report.ts";

/** A grade is always said by a symbol and a word; colour only repeats it. */
export const gradeWords = {
  contained: { symbol: "✓", text: "contained" },
  inconclusive: { symbol: "?", text: "inconclusive" },
  breached: { symbol: "✕", text: "breached" },
} as const satisfies Record<Grade, { symbol: string; text: string }>;

export const regionGradeWords = {
  pass: { symbol: "✓", text: "PASS" },
  "pass-with-exceptions": { symbol: "✓", text: "PASS WITH EXCEPTIONS" },
  breached: { symbol: "✕", text: "BREACHED" },
  inconclusive: { symbol: "?", text: "INCONCLUSIVE" },
} as const satisfies Record<RegionGrade, { symbol: string; text: string }>;

export const fidelityWords = {
  replica: {
    name: "Replica",
    text: "Measured in a replica, not in the real cloud. What its result does not say:",
    unlimited: "Measured in a replica, not in the real cloud.",
  },
  real: {
    name: "Real regions",
    text: "Measured in the real regions. What this result does not say:",
    unlimited: "Measured in the real regions.",
  },
} as const satisfies Record<RegionReport["fidelity"], { name: string; text: string; unlimited: string }>;

const capitals: Partial<Record<LeakPath, string>> = {
  llm: "LLM",
  dns: "DNS",
  "vector-db": "Vector database",
};

export function pathWords(path: LeakPath): string {
  const words = path.replaceAll("-", " ");
  return capitals[path] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** The rung that ended the attempt, in words; a breach may have been refused later than it should. */
export function stopWords(verdict: Pick<ReportVerdict, "grade" | "stoppedAt">): string {
  if (verdict.stoppedAt !== null)
    return verdict.grade === "breached" ? `only at ${verdict.stoppedAt}` : verdict.stoppedAt;
  return { contained: "nothing crossed", inconclusive: "unknown", breached: "not stopped" }[verdict.grade];
}

/** From where to what, and whose data, where that is not the target's. */
export function crossingWords({ from, to, about }: Pick<ReportVerdict, "from" | "to" | "about">): string {
  const place = to.endpoint ? `${to.endpoint.host} (${to.endpoint.jurisdiction})` : to.region;
  const arrow =
    from.region === to.region
      ? `inside ${from.region}, ${to.system}`
      : `${from.region} → ${place}, ${to.system}`;
  return about === to.region ? arrow : `${arrow}, data of ${about}`;
}

/** A leak path, a system and the region that was tried; what could not be tried went nowhere. */
export function systemWords({ path, system, to }: Pick<OpenFinding, "path" | "system" | "to">): string {
  if (path === null) return "the region as a whole";
  return `${pathWords(path)}, ${system}${to === null ? "" : ` in ${to}`}`;
}

const numbers = new Intl.NumberFormat("en-US");

export function countText(count: number): string {
  return numbers.format(count);
}

/** "1 attempt", "12,000 attempts". */
export function counted(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

const months = "January February March April May June July August September October November December".split(
  " ",
);

/** "22 November 2026, 13:05:09 UTC", whatever the machine's locale and zone. */
export function utcText(moment: string): string {
  const date = new Date(moment);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${date.toISOString().slice(11, 19)} UTC`;
}

/** "November 2026", of "2026-11". */
export function monthText(month: string): string {
  const [year = "", number = ""] = month.split("-");
  return `${months[Number(number) - 1]} ${year}`;
}

/** "2026-10-01 02:00", in UTC. */
export function shortTime(at: number | string): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

export function durationText(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 60) return `${(durationMs / 1000).toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** What evidence like this can carry, and no more. `last`: of several runs, where `moment` is the first one's. */
export function honestWords(attempts: number, moment: string, last = moment): string {
  const when = last === moment ? `at ${utcText(moment)}` : `from ${utcText(moment)} to ${utcText(last)}`;
  return (
    `Management-generated evidence. Records ${counted(attempts, "attempt")} ${when}. ` +
    "Does not establish the absence of other paths, compliance, or an auditor's conclusion."
  );
}

export const verifyCommand = "npm run -s ringfence -- verify DIR --trust FILE";
