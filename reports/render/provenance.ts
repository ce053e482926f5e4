import { type SignerIdentity, signerText } from "../../attest/signer.ts";
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
    ...signerEntries(reports),
    ...Object.entries(files).map(([name, digest]) => ({ name: `${name}, SHA-256`, texts: [digest] })),
  ];
}

/** Each region for its journal, and the judge for the verdicts. */
export function signerEntries(reports: readonly RegionReport[]): { name: string; texts: string[] }[] {
  const judges = new Map(reports.map(({ signers: { judged } }) => [signerText(judged), judged]));
  return [
    ...reports.map(({ region, signers }) => signerEntry(region.id, signers.observed)),
    ...[...judges.values()].map((who) => signerEntry("the judge", who)),
  ];
}

function signerEntry(of: string, who: SignerIdentity | null): { name: string; texts: string[] } {
  if (!who) return { name: `Signed by ${of}`, texts: ["nothing: it did not finish"] };
  return who.kind === "key"
    ? { name: `Signing key of ${of}, SHA-256`, texts: [who.fingerprint] }
    : { name: `Signed for ${of} by`, texts: [signerText(who)] };
}
