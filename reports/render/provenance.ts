import type { RegionReport } from "../report.ts";

/** What a run rests on, by name: what to compare with what one was told another way. `files`: SHA-256 by name of
 *  the signed files that a view was made from. */
export function provenanceOf(
  reports: readonly RegionReport[],
  files: Readonly<Record<string, string>> = {},
): { name: string; texts: string[] }[] {
  const once = (texts: readonly string[]) => [...new Set(texts)];
  return [
    { name: "Ringfence", texts: once(reports.map(({ version }) => version)) },
    { name: "Plan, SHA-256", texts: once(reports.map(({ digests }) => digests.plan)) },
    { name: "Residency map, SHA-256", texts: once(reports.map(({ digests }) => digests.map)) },
    ...reports.map(({ region, keyFingerprint }) => ({
      name: `Signing key of ${region.id}, SHA-256`,
      texts: [keyFingerprint],
    })),
    ...Object.entries(files).map(([name, digest]) => ({ name: `${name}, SHA-256`, texts: [digest] })),
  ];
}
