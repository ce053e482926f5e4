import type { RegionReport } from "../report.ts";

/** What a run rests on, by name: what to compare with what one was told another way. */
export function provenanceOf(reports: readonly RegionReport[]): { name: string; texts: string[] }[] {
  const once = (texts: readonly string[]) => [...new Set(texts)];
  return [
    { name: "Ringfence", texts: once(reports.map(({ version }) => version)) },
    { name: "Plan, SHA-256", texts: once(reports.map(({ digests }) => digests.plan)) },
    { name: "Residency map, SHA-256", texts: once(reports.map(({ digests }) => digests.map)) },
    ...reports.map(({ region, keyFingerprint }) => ({
      name: `Signing key of ${region.id}, SHA-256`,
      texts: [keyFingerprint],
    })),
  ];
}
