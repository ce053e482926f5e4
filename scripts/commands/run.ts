import { relative } from "node:path";
import { observersOf, type Plan } from "../../core/plan.ts";
import { readMapFile } from "../../environments/map-file.ts";
import { loadProbes } from "../../probes/catalog.ts";
import { readControls } from "../../reports/controls.ts";
import { writeEvidence } from "../../reports/evidence.ts";
import { knownScore } from "../drill-score.ts";
import { loadDriver } from "../environments.ts";
import { isWithin } from "../is-within.ts";
import {
  asPaths,
  asPattern,
  asRegions,
  type Parsed,
  parseOptions,
  takeNothing,
  usage,
  withOptionalValue,
} from "../options.ts";
import { claimDirectory, markLatest } from "../out-directory.ts";
import { planFor } from "../planning.ts";
import { Progress } from "../progress.ts";
import { newRunId, observeAndJudge } from "../prove.ts";
import { keepSalt, type Published, redacted } from "../redaction.ts";
import { rerunOptions } from "../rerun-options.ts";
import { declaredSigning, localSigning, SignatureKeeper } from "../signing.ts";
import { summaryText } from "../summary.ts";
import { plain } from "../terminal.ts";
import { today, version } from "../version.ts";

export const help = `ringfence run: proves the regions of a residency map, and writes signed evidence

  --env NAME      the environment to run in (default: replica), or the YAML file that says how the runners of
                  your real regions are reached
  --map FILE      the residency map (default: the environment's sample)
  --region R      attempt only from inside this region; may be repeated
  --path P        only this leak path (database, object-storage, cache, …); may be repeated
  -t PATTERN      only attempts whose title matches; all others stay unproven
  --attach [AT]   use an environment that is up, and reset nothing in it. AT: the file that
                  \`ringfence up --state FILE\` wrote; of localstack also a Compose project, or nothing
  --controls FILE which criteria each leak path may support (default: reports/controls.yaml)
  --signers FILE  who signs the verdicts, and each region's journal there (default: keys of this machine;
                  of real regions it has to be named)
  --redact FILE   leave out what the map marks as private; the salt of its digests goes into FILE, a new one
  --out DIR       an empty or new folder for the evidence (default: reports/out/<run id>)
  --history STORE a log of all runs, in which this one is put before it starts and when it has ended: a folder,
                  or s3://BUCKET/PREFIX (default: $RINGFENCE_HISTORY; none without)
  --trigger TEXT  what made it run, for the history (default: what the CI says)

Exit: 0 pass, 1 breached, 2 inconclusive, 64 usage, 70 internal error.`;

export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const begun = performance.now();
  const startedAt = new Date().toISOString();
  const options = parseOptions("run", withOptionalValue(args, "attach"), {
    env: { type: "string" },
    map: { type: "string" },
    region: { type: "string", multiple: true },
    path: { type: "string", multiple: true },
    attach: { type: "string", mayBeEmpty: true },
    out: { type: "string" },
    controls: { type: "string" },
    signers: { type: "string" },
    redact: { type: "string" },
    history: { type: "string" },
    trigger: { type: "string" },
    only: { type: "string", short: "t" },
  });
  takeNothing("run", options);
  const only = asPattern("-t", options.text("only"));
  const driver = await loadDriver(options.text("env") ?? "replica");
  const probes = await loadProbes();
  const mapFile = options.text("map") ?? driver.mapFile;
  const { map, text: mapText } = readMapFile(mapFile, {
    kinds: probes,
    today: today(),
  });
  const controls = readControls(options.text("controls"));
  const regions = Object.keys(map.regions);
  const scope = {
    environment: driver.name,
    outside: driver.outside,
    regions: asRegions(options.texts("region"), regions),
    paths: asPaths(
      options.texts("path"),
      map.systems.map((system) => system.path),
    ),
  };
  const plan = planFor(map, probes, scope);
  const runId = newRunId();
  const saltFile = options.text("redact");
  const published: Published = saltFile
    ? redacted(map, plan, (one) => planFor(one, probes, scope))
    : { map, plan, mapText, hide: (text: string) => text };
  const observers = observersOf(map, plan);
  const declared = options.text("signers");
  if (!declared && driver.fidelity === "real")
    throw usage(
      "run: no --signers FILE was named, and keys of this machine cannot sign inside a real region",
      "name one that says with what each region signs there: docs/signing.md",
    );
  const signing = declared
    ? await declaredSigning(declared, observers)
    : localSigning(observers, { environment: driver.name });
  const place = historyPlace(options);
  const directory = claimDirectory(options.text("out"), runId);
  if (place !== undefined) requireApart(place, directory);
  if (saltFile && published.salt) keepSalt(saltFile, { directory, runId, salt: published.salt });
  markLatest(directory);
  const signatures = new SignatureKeeper(directory);
  const progress = new Progress(observationsIn(plan));
  // Loaded only where there is one: a run without a history costs nothing more.
  using history = place
    ? await (await import("../run-history.ts")).RecordedRun.begin(place, {
        ...{ runId, startedAt, driver, map: published.map, plan: published.plan, mapFile },
        hide: published.hide,
        judge: signing.judge,
        filtered: only !== undefined,
        trigger: options.text("trigger"),
        say: (line) => progress.say(line),
      })
    : null;

  try {
    const attach = options.text("attach");
    progress.say(
      attach !== undefined
        ? `using the ${driver.name} that is up`
        : driver.fidelity === "real"
          ? `reaching the runners of ${plain(driver.name)} in ${regions.length} regions`
          : `starting the ${driver.name} of ${regions.length} regions`,
    );
    await using environment = await (attach !== undefined
      ? driver.attach(attach || null, map)
      : driver.start(map, { signal }));
    progress.say(
      `trying ${plan.items.filter(({ role }) => role === "attempt").length} ways out, from inside each region`,
    );
    const judged = await observeAndJudge({
      environment,
      map,
      plan,
      published,
      runId,
      only,
      directory,
      signal,
      signing: history?.placed(signing.regions) ?? signing.regions,
      secrets: signing.secrets,
      onSigned: (region, signed) => signatures.keep(region, signed),
      onEntry: (_region, line) => progress.entry(line),
      onMissing: (region, reference) =>
        progress.say(
          `${region} was not given ${plain(reference)}: set it there, or what needs it proves nothing`,
        ),
      onLost: (region, why) =>
        progress.say(`${region} did not finish: ${plain(oneLine(published.hide(why)))}`),
      onComplaint: (region, said) => progress.say(`${region} says: ${plain(oneLine(published.hide(said)))}`),
    });
    progress.done();
    signatures.requireAll(judged.journals);
    const { run, reports } = await writeEvidence(
      directory,
      { ...judged, mapText: published.mapText, controls },
      {
        judge: signing.judge,
        signedAt: new Date().toISOString(),
        drills: knownScore(driver.drills),
        ...(history ? { history: history.positions } : {}),
        context: {
          runId,
          environment: environment.name,
          fidelity: environment.fidelity,
          limits: environment.limits,
          version,
          startedAt,
          durationMs: Math.round(performance.now() - begun),
          rerunOptions: rerunOptions(options, { driver, hide: published.hide }),
          filtered: only !== undefined,
          signers: { judge: signing.judge.who, regions: signatures.signers },
        },
      },
    );
    signatures.writePublicKeys(signing.judge);
    process.stdout.write(summaryText(run, reports, relative(process.cwd(), directory) || "."));
    const recorded = (await history?.finish(directory, { run, reports })) ?? true;
    return recorded || run.exitCode !== 0 ? run.exitCode : 2;
  } catch (error) {
    await history?.interrupt(error);
    throw error;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, 600);
}

/** Empty, the variable comes from another that nobody set: no reason to record nothing. */
function historyPlace(options: Parsed): string | undefined {
  const place = options.text("history") ?? process.env.RINGFENCE_HISTORY;
  if (place === "")
    throw usage("run: RINGFENCE_HISTORY names no place", "name a folder or s3://BUCKET/PREFIX, or unset it");
  return place;
}

/** Whatever is in a run's folder has to be signed with it, and in a history nothing else may be. */
function requireApart(place: string, directory: string): void {
  if (place.startsWith("s3://") || !(isWithin(directory, place) || isWithin(place, directory))) return;
  throw usage(
    `run: --history: ${place} and the evidence's folder, ${directory}, are one in the other`,
    "keep the history in a folder of its own",
  );
}

function observationsIn(plan: Plan): number {
  const controls = plan.items.filter(({ role }) => role === "control").length;
  return plan.items.length + controls;
}
