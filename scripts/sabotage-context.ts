import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { seal } from "../attest/envelope.ts";
import { openSigningKey } from "../attest/keys.ts";
import { buildObservedStatement, journalName } from "../attest/observed-statement.ts";
import { localSigner } from "../attest/signer.ts";
import { readTrust } from "../attest/trust.ts";
import { sha256 } from "../core/digest.ts";
import type { Entry } from "../core/journal.ts";
import { planDigest } from "../core/plan.ts";
import type { ResidencyMap, System, SystemKind } from "../core/residency-map.ts";
import type { RunningEnvironment } from "../environments/driver.ts";
import { parseMap, readMapFile } from "../environments/map-file.ts";
import { bootReplica, driver } from "../environments/replica/driver.ts";
import type { ReplicaState } from "../environments/replica/state.ts";
import { keysFolder, writeEvidence } from "../reports/evidence.ts";
import { verifyEvidence } from "../reports/verify.ts";
import {
  type CleanRun,
  type Context,
  far,
  home,
  type Trial,
  kinds as trialKinds,
} from "../sabotage/record.ts";
import { systemOf } from "../sabotage/systems.ts";
import { planFor, replayOf } from "./planning.ts";
import { newRunId, observeAndJudge } from "./prove.ts";
import { localSigning, SignatureKeeper } from "./signing.ts";
import { today, version } from "./version.ts";

/** Two SYN segments leave within it (the second after 1 s), and every control is far quicker. */
const deadlineMs = 1500;

/** Of the sample map two regions, and the one system of each kind that the rows break: beside it no other of
 *  its kind may stand, which would go on working. */
export function sabotagedMap(kinds: readonly SystemKind[]): ResidencyMap {
  const { map } = readMapFile(driver.mapFile, { kinds, today: today() });
  const regions = Object.fromEntries(
    [home, far].map((id) => [id, map.regions[id]]),
  ) as ResidencyMap["regions"];
  const like = map.systems.find(({ kind }) => kind === "redis");
  if (!like) throw new TypeError("the sample map has no cache");
  const ledger = {
    ...like,
    id: "ledger",
    kind: "tcp",
    path: "database" as const,
    endpoint: { host: "ledger.{region}.replica.internal", port: 9000 },
  };
  const broken = map.systems.filter(({ id }) => Object.values<string>(systemOf).includes(id)).map(alone);
  const moved = map.systems.filter(isMove).map(betweenTwo);
  return { ...map, attempts: { deadlineMs }, regions, systems: [...broken, ledger, ...moved] };
}

/** Where writes are tried and rows compared; the other systems of the path are of kinds that have theirs. */
function isMove({ path, endpoint }: System): boolean {
  return path === "migration" && endpoint.moving !== undefined;
}

/** Between two regions a tenant comes from where another went. */
function betweenTwo(system: System): System {
  const { endpoint, perRegion } = system;
  if (!endpoint.departed && !perRegion) return system;
  const gone = (to: string) => ({ departed: `canary-moved-to-${to}` });
  return { ...system, perRegion: { [home]: gone(far), [far]: gone(home) } };
}

/** Of the sample's vendors only one is left, to which the proxies may carry, and none that settings name. */
function alone(system: System): System {
  const { endpoint, perRegion } = system;
  if (system.kind === "settings") return { ...system, endpoint: { ...endpoint, expects: [] } };
  // Its watched topics have subscribers in systems that are not here.
  if (system.kind === "sns") return { ...system, endpoint: { ...endpoint, watched: [] } };
  if (system.kind !== "proxy") return system;
  const carried = (host: string) => ({ allowed: { host, port: 443 } });
  return {
    ...system,
    endpoint: { ...endpoint, ...carried("eu.api.openai.com") },
    perRegion: { ...perRegion, [far]: carried("us.api.openai.com") },
  };
}

/** What the rows of the table are run with. Its folders are gone when it is disposed. */
export async function openContext(
  kinds: readonly SystemKind[],
  { signal }: { signal: AbortSignal },
): Promise<Context & AsyncDisposable> {
  const whole = sabotagedMap(kinds);
  const folders = mkdtempSync(join(tmpdir(), "ringfence-sabotage-"));
  const replica = await bootReplica(whole, { signal });
  const mainKinds: readonly string[] = trialKinds;
  const cleanRuns = new Map<string, Promise<CleanRun>>();
  let lastStarted = 0;
  const folder = () => mkdtempSync(join(folders, "run-"));
  const mapOf: Context["mapOf"] = (kind) => ({
    ...whole,
    systems: whole.systems.filter((system) => {
      if (kind === "moves" || isMove(system)) return kind === "moves" && isMove(system);
      return kind === "all" ? mainKinds.includes(system.kind) : system.kind === kind;
    }),
  });

  async function observed(trial: Trial) {
    const map = trial.map ?? mapOf(trial.kind);
    const directory = folder();
    const runId = newRunId();
    await using environment = await attach(trial.state ?? replica.state, trial.project);
    lastStarted = performance.now();
    const judged = await observeAndJudge({
      environment: { ...environment, observe: (region) => wrapped(trial, region, environment) },
      map,
      plan: planFor(map, kinds, { environment: driver.name, outside: driver.outside }),
      runId,
      ...(trial.only ? { only: trial.only } : {}),
      directory,
      signal,
      onEntry: (region, line) => trial.onLine?.(region, line),
      onLost: () => {},
    });
    return { judged, runId, directory };
  }

  async function attach(state: ReplicaState, project: string | undefined): Promise<RunningEnvironment> {
    const file = join(folder(), "state.json");
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
    const from = project
      ? join(project, "environments", "replica", "driver.ts")
      : "../environments/replica/driver.ts";
    const module = (await import(from)) as { driver: typeof driver };
    return module.driver.attach(file, whole);
  }

  async function runClean(kind: Trial["kind"]): Promise<CleanRun> {
    let attemptsEndedMs = 0;
    const onLine = (_region: string, line: string) => {
      const { entry } = JSON.parse(line) as { entry: Entry };
      if (entry.type === "observation" && entry.phase === "after")
        attemptsEndedMs ||= performance.now() - lastStarted;
    };
    const { judged, runId, directory } = await observed({ kind, onLine });
    const texts = Object.fromEntries(
      Object.keys(judged.map.regions).map((region) => [
        region,
        readFileSync(join(directory, region, "observations.jsonl"), "utf8"),
      ]),
    );
    return { judged, runId, texts, attemptsEndedMs };
  }

  return {
    state: replica.state,
    mapOf,
    folder,
    parse: (text) => parseMap(text, { kinds, today: today(), file: "residency.yaml" }),
    sign: (run, directory) => signed(run, { directory, kinds, keys: folder() }),
    prove: async (trial) => (await observed(trial)).judged,
    clean(kind) {
      const known = cleanRuns.get(kind) ?? runClean(kind);
      cleanRuns.set(kind, known);
      return known;
    },
    boot: (kind) => bootReplica(mapOf(kind), { signal }),
    async [Symbol.asyncDispose]() {
      await replica[Symbol.asyncDispose]();
      rmSync(folders, { recursive: true, force: true });
    },
  };
}

/** A clean run's evidence, signed with keys made for it, and verified by the public ones. */
async function signed(
  { judged, runId, texts }: CleanRun,
  { directory, kinds, keys: keyFolder }: { directory: string; kinds: readonly SystemKind[]; keys: string },
): Promise<() => Promise<string[]>> {
  const regions = Object.keys(texts);
  const environment = driver.name;
  const { judge } = localSigning(regions, { environment, folder: keyFolder });
  const { map, plan } = judged;
  const signatures = new SignatureKeeper(directory);
  const signedAt = new Date().toISOString();
  for (const [region, text] of Object.entries(texts)) {
    mkdirSync(join(directory, region), { recursive: true });
    writeFileSync(join(directory, journalName(region)), text);
    const signer = localSigner(openSigningKey(keyFolder, { environment, role: region }));
    const statement = buildObservedStatement(
      { sha256: sha256(text) },
      { runId, region, version, map: plan.map, plan: planDigest(plan), signedAt, history: null },
    );
    signatures.keep(region, { ...signer, bundle: await seal(statement, signer) });
  }
  const context = {
    runId,
    environment,
    fidelity: driver.fidelity,
    limits: [],
    version,
    startedAt: signedAt,
    durationMs: 0,
    rerunOptions: `--env ${driver.name}`,
    filtered: false,
    signers: { judge: judge.who, regions: signatures.signers },
  };
  await writeEvidence(
    directory,
    { ...judged, mapText: stringify(map) },
    { judge, context, signedAt, drills: null },
  );
  signatures.writePublicKeys(judge);
  const trust = readTrust(join(directory, keysFolder, "trust.yaml"));
  const replay = replayOf(kinds);
  return async () => (await verifyEvidence(directory, trust, replay)).problems;
}

function wrapped(trial: Trial, region: string, environment: RunningEnvironment) {
  const child = environment.observe(region);
  return trial.wrap?.(region, child) ?? child;
}
