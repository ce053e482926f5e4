import { type Plan, type PlannedItem, planDigest } from "../../core/plan.ts";
import { vectorText } from "../../core/vocabulary.ts";
import { readMapFile } from "../../environments/map-file.ts";
import { loadProbes } from "../../probes/catalog.ts";
import { loadDriver } from "../environments.ts";
import { groupBy } from "../group-by.ts";
import { asPaths, asRegions, parseOptions, takeNothing } from "../options.ts";
import { planFor } from "../planning.ts";
import { bold, dim, plain, table, yellow } from "../terminal.ts";
import { today } from "../version.ts";

export const help = `ringfence plan: shows what a run would attempt, its controls, and what nothing here can prove

  --env NAME      the environment (default: replica), or the YAML file of your runners
  --map FILE      the residency map (default: the environment's sample)
  --region R      only from inside this region; may be repeated
  --path P        only this leak path; may be repeated
  --json          the whole plan, with its digest

The plan is pure: one map and scope, one plan, one digest.`;

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("plan", args, {
    env: { type: "string" },
    map: { type: "string" },
    region: { type: "string", multiple: true },
    path: { type: "string", multiple: true },
    json: { type: "boolean" },
  });
  takeNothing("plan", options);
  const driver = await loadDriver(options.text("env") ?? "replica");
  const probes = await loadProbes();
  const { map } = readMapFile(options.text("map") ?? driver.mapFile, { kinds: probes, today: today() });
  const plan = planFor(map, probes, {
    environment: driver.name,
    outside: driver.outside,
    regions: asRegions(options.texts("region"), Object.keys(map.regions)),
    paths: asPaths(
      options.texts("path"),
      map.systems.map((system) => system.path),
    ),
  });
  const proves = new Map(
    probes.flatMap((probe) => probe.checks.map((check) => [check.probe, check.proves] as const)),
  );
  const text = options.flag("json")
    ? JSON.stringify({ digest: planDigest(plan), ...plan }, null, 2)
    : planText(plan, proves);
  process.stdout.write(`${text}\n`);
  return 0;
}

function planText(plan: Plan, proves: ReadonlyMap<string, string>): string {
  const attempts = plan.items.filter((item) => item.role === "attempt");
  const controls = plan.items.filter((item) => item.role === "control");
  const rows = [...groupBy(attempts, (item) => `${item.path}|${item.to.system}|${item.probe}`).values()].map(
    rowOf(proves),
  );
  const head = ["path", "system", "probe", "family", "attempts", "vectors", "stop by", "expected"];
  const gaps = plan.gaps.map(
    (gap) => `${yellow("not proven")}  ${plain(`${gap.path} ${gap.system} ${gap.probe}: ${gap.reason}`)}`,
  );
  const unclaimed = plan.notClaimed.map(
    ({ path, system, probe, reason }) =>
      `${dim("not claimed here")}  ${plain(`${path} ${system} ${probe}: ${reason}`)}`,
  );
  return [
    table([head, ...rows], (cell, column, row) => (row === 0 ? dim(cell) : column === 2 ? bold(cell) : cell)),
    "",
    ...(gaps.length > 0 ? gaps : [wholeness(attempts.length)]),
    ...unclaimed,
    `${bold(String(attempts.length))} attempts from ${plan.scope.regions.join(", ")}, and ${bold(String(controls.length))} controls, each run before and after`,
    `plan ${planDigest(plan)}`,
  ].join("\n");
}

function wholeness(attempts: number): string {
  return attempts > 0
    ? "no gaps: everything the map promises is attempted"
    : "nothing is attempted, so that a run is inconclusive";
}

function rowOf(proves: ReadonlyMap<string, string>) {
  return (items: readonly PlannedItem[]): string[] => {
    const [first] = items as [PlannedItem];
    const vectors = new Set(items.map((item) => vectorText(item.vector)));
    const several = vectors.size > 1 ? `${vectors.size} vectors` : [...vectors].join();
    const expected = proves.get(first.probe) ?? "";
    return [
      first.path,
      first.to.system,
      first.probe,
      first.family,
      String(items.length),
      several,
      first.stopBy,
      expected,
    ];
  };
}
