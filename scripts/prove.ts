import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RingfenceError } from "../core/errors.ts";
import { readJournal } from "../core/journal.ts";
import { judge } from "../core/judge.ts";
import { observersOf, type Plan, planDigest } from "../core/plan.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import type { RunningEnvironment } from "../environments/driver.ts";
import type { Judged } from "../reports/build-report.ts";
import { type Coordination, observeRegions } from "./coordinator.ts";
import type { Published } from "./redaction.ts";
import type { RegionJob, RegionSigning } from "./region-job.ts";
import { version } from "./version.ts";

interface Proof
  extends Pick<
    Coordination,
    "directory" | "signal" | "secrets" | "onEntry" | "onLost" | "onComplaint" | "onMissing" | "onSigned"
  > {
  environment: RunningEnvironment<unknown>;
  map: ResidencyMap;
  plan: Plan;
  runId: string;
  /** A pattern of leak paths and titles. */
  only?: string | undefined;
  /** What is written and judged in place of the map and the plan, and the salt of what was left out. */
  published?: Published | undefined;
  /** How each region signs; left out, nothing is signed there. */
  signing?: Readonly<Record<string, RegionSigning>> | undefined;
}

/** Observes a plan from inside every region, writes the journals below `directory`, and judges them. */
export async function observeAndJudge(proof: Proof): Promise<Judged> {
  const { environment, map, plan, runId, only, directory, signing } = proof;
  const published: Pick<Published, "map" | "plan" | "salt"> = proof.published ?? { map, plan };
  const digests = { plan: planDigest(published.plan), map: published.plan.map };
  const redaction = published.salt === undefined ? undefined : { salt: published.salt, ...digests };
  const regions = observersOf(map, plan);
  const jobs = await Promise.all(
    regions.map(async (region): Promise<RegionJob> => {
      const planted = environment.planted[region] ?? {};
      const elsewhere = (await environment.elsewhere?.(region)) ?? {};
      const signs = signing?.[region];
      return {
        ...{ runId, region, version, map, plan, planted, elsewhere },
        ...(only ? { only } : {}),
        ...(redaction ? { redaction } : {}),
        ...(signs ? { signing: signs } : {}),
      };
    }),
  );
  await observeRegions({ ...proof, jobs });
  if (proof.signal.aborted) {
    const message = "the run was interrupted; its journals are kept, and nothing was judged";
    throw new RingfenceError("INTERRUPTED", message, { fix: "run it again" });
  }
  const journals = regions.map((region) =>
    readJournal(readFileSync(join(directory, region, "observations.jsonl"), "utf8"), {
      runId,
      ...digests,
      region,
    }),
  );
  const judged = { map: published.map, plan: published.plan };
  const judgement = judge(judged.plan, judged.map, journals);
  return { ...judged, planDigest: digests.plan, journals, judgement };
}

/** Sortable, and unique without a counter: time to the second, and four random bytes. */
export function newRunId(): string {
  return `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z-${randomBytes(4).toString("hex")}`;
}
