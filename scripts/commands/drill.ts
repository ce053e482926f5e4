import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Drill } from "../../core/drill.ts";
import { nearest } from "../../core/nearest.ts";
import { catalogueDigest, loadDrills } from "../../drills/catalogue.ts";
import type { AnyTools } from "../../environments/driver.ts";
import { readMapFile } from "../../environments/map-file.ts";
import { loadProbes } from "../../probes/catalog.ts";
import { type DrillReport, isCaught, isClean } from "../../reports/drill-report.ts";
import { renderDrillsHtml } from "../../reports/render/drills.ts";
import { runCatalogue } from "../drill-catalogue.ts";
import type { DrillGround } from "../drill-run.ts";
import { recordScore } from "../drill-score.ts";
import { loadDriver } from "../environments.ts";
import { type Parsed, parseOptions, takeNothing, usage } from "../options.ts";
import { claimDirectory } from "../out-directory.ts";
import { newRunId } from "../prove.ts";
import { bold, green, red } from "../terminal.ts";
import { today, version } from "../version.ts";

export const help = `ringfence drill: opens holes in replicas on purpose, one at a time in each, and shows that each is found

  --env NAME      the replica to drill: replica (the default), or localstack
  --path P        only drills of this leak path; may be repeated
  --id ID         only this drill; may be repeated
  --out DIR       an empty or new folder for drills.json and drills.html (default: reports/out/<id>)
  --record        keep the score of a whole, clean catalogue, to go into evidence

Baseline, then each drill (open, run, close), then baseline again. A drill has less time than a run: one
that was inconclusive is run once more, alone and with the map's own deadline, and so is a baseline. The
journals of a drill that was not caught are kept in the folder.
Exit: 0 every drill was caught, nothing else turned red, both baselines were clean; 1 otherwise.`;

export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = parseOptions("drill", args, {
    env: { type: "string" },
    path: { type: "string", multiple: true },
    id: { type: "string", multiple: true },
    out: { type: "string" },
    record: { type: "boolean" },
  });
  takeNothing("drill", options);
  const driver = await loadDriver(options.text("env") ?? "replica");
  if (!driver.drills) throw usage(`drill: ${driver.name} cannot be drilled`, "use --env replica");
  const all = await loadDrills<AnyTools>(driver.drills);
  const drills = chosen(all, options);
  const kinds = await loadProbes();
  const { map } = readMapFile(driver.mapFile, { kinds, today: today() });
  const directory = claimDirectory(options.text("out"), `drills-${newRunId()}`);
  await using started = new AsyncDisposableStack();
  const grounds: DrillGround[] = [];
  for (let count = Math.min(driver.drillsAtOnce ?? 1, drills.length); count > 0; count--) {
    const environment = started.use(await driver.start(map, { signal }));
    if (environment.fidelity !== "replica")
      throw usage("drill: drills open holes, and this is no replica", "use --env replica");
    grounds.push({ environment, map, kinds, directory, signal });
  }
  const { baselines, results } = await runCatalogue(drills, grounds);
  const report: DrillReport = {
    caught: results.filter(isCaught).length,
    planned: drills.length,
    known: all.length,
    version,
    catalogue: catalogueDigest(driver.drills),
    baselines,
    drills: results,
  };
  writeFileSync(join(directory, "drills.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(directory, "drills.html"), renderDrillsHtml(report));
  const clean = isClean(report);
  if (options.flag("record") && clean && report.planned === report.known) recordScore(driver.drills, report);
  const score = `${report.caught} of ${report.planned} drills caught`;
  process.stdout.write(
    `\n${clean ? green(bold(score)) : red(bold(score))}  ${relative(process.cwd(), directory)}/drills.html\n`,
  );
  return clean ? 0 : 1;
}

function requireKnown(what: "drill" | "path", asked: readonly string[], known: readonly string[]): void {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const words = [...new Set(near.length > 0 ? near : known)];
  throw usage(
    `drill: there is no ${what === "path" ? "drill of the path" : "drill"} "${unknown}"`,
    `use one of ${words.join(", ")}`,
  );
}

function chosen(all: readonly Drill<AnyTools>[], options: Parsed): Drill<AnyTools>[] {
  const [ids, paths] = [options.texts("id"), options.texts("path")];
  requireKnown(
    "drill",
    ids,
    all.map(({ id }) => id),
  );
  requireKnown(
    "path",
    paths,
    all.map(({ path }) => path),
  );
  const drills = all.filter(
    (drill) =>
      (ids.length === 0 || ids.includes(drill.id)) && (paths.length === 0 || paths.includes(drill.path)),
  );
  if (drills.length === 0)
    throw usage("drill: no drill is both of --id and of --path", "leave one of the two out");
  return drills;
}
