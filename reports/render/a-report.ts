import { type LeakPath, leakPaths } from "../../core/vocabulary.ts";
import { RegionReport, type ReportVerdict, type RunSummary } from "../report.ts";

/** Test builders. Deterministic: same arguments, same report. */

const places: [string, string, string][] = [
  ["eu-central-1", "EU", "Frankfurt, Germany"],
  ["us-east-1", "US", "Virginia, United States"],
  ["ap-southeast-2", "AU", "Sydney, Australia"],
];

export function someRegions(count: number): RegionReport["regions"] {
  return Array.from({ length: count }, (_, index) => {
    const [id, jurisdiction, place] = places[index % places.length] ?? ["", "", ""];
    return { id: index < places.length ? id : `${id.slice(0, -2)}-${index + 1}`, jurisdiction, place };
  });
}

export function aVerdict(parts: Partial<ReportVerdict> = {}): ReportVerdict {
  const from = parts.from ?? { region: "eu-central-1", principal: "workload" };
  const to = parts.to ?? { region: "us-east-1", system: "orders-db", address: "10.20.0.5" };
  const path = parts.path ?? "database";
  const probe = parts.probe ?? "postgres-login";
  const vector = parts.vector ?? "by name, IPv4, target credentials";
  const control = { ok: true, problem: null, addresses: ["10.20.0.5"] };
  return {
    id: `${path}/${to.system}/${probe}/name-ipv4-target/${from.region}/${to.region}`,
    family: "trespass",
    path,
    probe,
    vector,
    from,
    to,
    about: to.region,
    grade: "contained",
    stoppedAt: "network",
    code: "SILENCE",
    reason: `no answer from ${to.address} within 4000 ms, though it answers at home`,
    rerun: `npm run -s ringfence -- run --environment replica -t '${from.region} to ${to.region} ${to.system} ${probe} ${vector}'`,
    waiver: null,
    controls: {
      twin: { id: `control/${to.system}/${probe}/name-ipv4-own/${from.region}`, ...control },
      targetAlive: { id: `control/${to.system}/${probe}/name-ipv4-target/${to.region}`, ...control },
    },
    ...parts,
  };
}

export const aBreach = {
  grade: "breached",
  stoppedAt: "authentication",
  code: "28P01",
  reason: "passed tls at 10.20.0.5, where it had to be stopped at network or before, then answered 28P01",
} as const satisfies Partial<ReportVerdict>;

export const anInconclusive = {
  grade: "inconclusive",
  stoppedAt: null,
  code: "CONTROL_FAILED",
  reason: "the target-alive control failed: it was silent before the attempts",
} as const satisfies Partial<ReportVerdict>;

export const aWaiver = {
  owner: "Payments team",
  reason: "Card processing is contracted in the US until the EU acquirer goes live",
  approver: "R. Meyer, Data Protection Officer",
  expires: "2027-03-31",
} as const satisfies NonNullable<ReportVerdict["waiver"]>;

const systemOf: Partial<Record<LeakPath, string>> = {
  database: "orders-db",
  "object-storage": "invoices",
  cache: "sessions",
  llm: "assistant",
};

/** Contained attempts from one region to every other, over the given paths: four vectors each. */
export function someVerdicts({
  from,
  regions,
  paths = leakPaths.slice(0, 6),
}: {
  from: string;
  regions: RegionReport["regions"];
  paths?: readonly LeakPath[];
}): ReportVerdict[] {
  const vectors = [
    "by name, IPv4, target credentials",
    "by name, IPv6, target credentials",
    "by address, IPv4, own credentials",
    "by address, IPv6, own credentials",
  ];
  return paths.flatMap((path) =>
    regions.flatMap(({ id: to }, index) =>
      (to === from ? vectors.slice(0, 1) : vectors).map((vector) =>
        aVerdict({
          path,
          vector,
          ...(to === from
            ? {
                family: "wiring",
                stoppedAt: null,
                code: null,
                reason: `its name and the server that answers are inside ${from}`,
              }
            : {}),
          from: { region: from, principal: "workload" },
          to: { region: to, system: systemOf[path] ?? `${path}-main`, address: `10.${10 + index}.0.5` },
          probe: to === from ? "served-from" : `${path}-read`,
        }),
      ),
    ),
  );
}

/** A report whose counts and grade follow from its verdicts, gaps and journal problems unless given. */
export function aReport(parts: Partial<RegionReport> = {}): RegionReport {
  const regions = parts.regions ?? someRegions(3);
  const region = parts.region ??
    regions[0] ?? { id: "eu-central-1", jurisdiction: "EU", place: "Frankfurt, Germany" };
  const verdicts = parts.verdicts ?? someVerdicts({ from: region.id, regions });
  const count = (grade: string) => verdicts.filter((verdict) => verdict.grade === grade).length;
  const open = verdicts.filter((verdict) => verdict.waiver === null || verdict.grade !== "breached");
  const promised = verdicts.some((verdict) => verdict.waiver === null);
  const doubt = (parts.gaps?.length ?? 0) + (parts.journalProblems?.length ?? 0) > 0 || !promised;
  const worst = (grade: string) => open.some((verdict) => verdict.grade === grade);
  const excepted = verdicts.some((verdict) => verdict.waiver !== null && verdict.grade === "breached");
  const clean = excepted ? "pass-with-exceptions" : "pass";
  const paths = [...new Set(verdicts.map((verdict) => verdict.path))];
  return RegionReport.parse({
    format: 1,
    runId: "2026-11-22T13-05-09Z-7f3a",
    title: "Acme residency map",
    environment: "replica",
    fidelity: "replica",
    limits: [
      "The networks are Linux namespaces: cloud routing, peering and security groups were not exercised.",
      "Vendors are stand-ins under their real names; what a vendor does with the data is not shown.",
    ],
    version: "0.1.0",
    startedAt: "2026-11-22T13:05:09.000Z",
    finishedAt: "2026-11-22T13:09:21.000Z",
    durationMs: 252_000,
    partial: false,
    scope: { regions: regions.map(({ id }) => id), paths, outside: false },
    region,
    regions,
    grade: worst("breached") ? "breached" : worst("inconclusive") || doubt ? "inconclusive" : clean,
    counts: {
      planned: verdicts.length,
      contained: count("contained"),
      breached: count("breached"),
      inconclusive: count("inconclusive"),
      waived: verdicts.length - open.length,
      controls: 2 * verdicts.length,
    },
    digests: { plan: "3f9c".repeat(16), map: "b07e".repeat(16) },
    signers: {
      observed: { kind: "key", fingerprint: "a1d4".repeat(16) },
      judged: { kind: "key", fingerprint: "07d6".repeat(16) },
    },
    gaps: [],
    notClaimed: [],
    journalProblems: [],
    systems: paths.map((path) => ({
      id: systemOf[path] ?? `${path}-main`,
      kind: path,
      path,
      holds: "names, addresses and orders of customers",
      retention: "7 years",
      readers: ["orders service", "support staff"],
      exporters: ["nightly billing export"],
      backups: "same region, 35 days, restored to staging",
    })),
    verdicts,
    ...parts,
  });
}

const order = ["pass", "pass-with-exceptions", "inconclusive", "breached"] as const;

export function aRun(reports: readonly RegionReport[], parts: Partial<RunSummary> = {}): RunSummary {
  const worst = Math.max(
    ...reports.map((report) => order.indexOf(report.grade)),
    reports.length === 0 ? 2 : 0,
  );
  const grade = order[worst] ?? "inconclusive";
  return {
    runId: "2026-11-22T13-05-09Z-7f3a",
    environment: "replica",
    fidelity: "replica",
    grade,
    exitCode: grade === "breached" ? 1 : grade === "inconclusive" ? 2 : 0,
    durationMs: 252_000,
    startedAt: "2026-11-22T13:05:09.000Z",
    partial: reports.some((report) => report.partial),
    regions: Object.fromEntries(
      reports.map(({ region, grade, counts }) => {
        const { planned, contained, breached, inconclusive } = counts;
        return [region.id, { grade, planned, contained, breached, inconclusive }];
      }),
    ),
    ...parts,
  };
}
