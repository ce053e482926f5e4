import { usage } from "./options.ts";

const dayMs = 86_400_000;
const units = { m: 60_000, h: 3_600_000, d: dayMs } as const;

/** A day or a time, in UTC, as milliseconds since 1970. A day that ends a period is still part of it. */
export function asMoment(
  option: string,
  given: string | undefined,
  end: "begins" | "ends",
): number | undefined {
  if (given === undefined) return undefined;
  const isDay = /^\d{4}-\d\d-\d\d$/.test(given);
  const at = isDay || /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(given) ? Date.parse(given) : Number.NaN;
  // The 30th of February would be one of March.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== given.slice(0, 10))
    throw usage(`${option}: ${given} is no day and no time`, "write 2026-10-01, or 2026-10-01T02:00:00Z");
  return isDay && end === "ends" ? at + dayMs : at;
}

/** How often a whole run is promised. */
export function asCadence(given: string | undefined): number | null {
  if (given === undefined) return null;
  const [, count = "", unit = ""] = /^([1-9]\d{0,4})([mhd])$/.exec(given) ?? [];
  if (unit === "")
    throw usage(`--cadence: ${given} is no time`, "write how often a whole run is made, as 24h or 7d");
  return Number(count) * units[unit as keyof typeof units];
}
