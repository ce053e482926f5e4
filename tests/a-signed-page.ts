import { generateKeyPairSync } from "node:crypto";
import { seal } from "../attest/envelope.ts";
import { type SigningKey, signingKey } from "../attest/keys.ts";
import { localSigner } from "../attest/signer.ts";
import { sha256 } from "../core/digest.ts";
import { aReport, aRun, someRegions, someVerdicts } from "../reports/render/a-report.ts";
import { renderRegionHtml, renderRunHtml } from "../reports/render/html.ts";
import { carrying } from "../reports/render/html-check.ts";
import { pageDigest } from "../reports/render/html-form.ts";
import type { RegionReport } from "../reports/report.ts";
import { buildRegionStatement, type RegionStatement } from "../reports/statement.ts";

export function aKey(kind: "ec" | "ed25519" = "ec"): SigningKey {
  const { privateKey } =
    kind === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  return signingKey(privateKey);
}

/** One report of each region, over one leak path. */
export function someReports(parts: Partial<RegionReport> = {}): RegionReport[] {
  const regions = someRegions(3);
  return regions.map((region) =>
    aReport({
      region,
      regions,
      verdicts: someVerdicts({ from: region.id, regions, paths: ["database"] }),
      ...parts,
    }),
  );
}

export interface SignedPages {
  key: SigningKey;
  reports: RegionReport[];
  /** As rendered, before anything was signed. */
  bare: { run: string; regions: string[] };
  statements: RegionStatement[];
  bundles: string[];
  /** As written. */
  run: string;
  regions: string[];
}

export const someFiles = {
  "eu-central-1/report.json": "the report",
  "eu-central-1/observations.jsonl": "the EU's journal",
  "us-east-1/observations.jsonl": "the US's journal",
  "plan.json": "the plan",
};

/** The pages of a run, signed by one key as a run's are. */
export async function signedPages(
  reports: RegionReport[] = someReports(),
  { key = aKey() }: { key?: SigningKey } = {},
): Promise<SignedPages> {
  const judge = localSigner(key);
  const bare = {
    run: renderRunHtml(aRun(reports), reports),
    regions: reports.map((report) => renderRegionHtml(report)),
  };
  const files = Object.fromEntries(Object.entries(someFiles).map(([name, text]) => [name, sha256(text)]));
  const statements = reports.map((report, index) =>
    buildRegionStatement(report, files, {
      drills: null,
      history: null,
      signedAt: report.finishedAt,
      pages: { region: pageDigest(bare.regions[index] ?? ""), run: pageDigest(bare.run) },
    }),
  );
  const bundles = await Promise.all(statements.map((statement) => seal(statement, judge)));
  return {
    ...{ key, reports, bare, statements, bundles },
    run: carrying(bare.run, { bundles, publicKey: key.publicPem }),
    regions: bare.regions.map((page, index) =>
      carrying(page, { bundles: [bundles[index] ?? ""], publicKey: key.publicPem }),
    ),
  };
}
