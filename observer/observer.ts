import { readFileSync } from "node:fs";
import { chainLine, type Entry, emptyHead, type Phase } from "../core/journal.ts";
import type { PlannedItem } from "../core/plan.ts";
import { type Redactor, redactor } from "../core/redaction.ts";
import { height } from "../core/vocabulary.ts";
import { sendToken } from "../core/witness.ts";
import { type AttemptOptions, attempt, type TryRecord } from "../probes/attempt.ts";
import type { Ladder } from "../probes/ladder.ts";
import { type Probe, secretLookup } from "../probes/probe.ts";
import { endpointsOf } from "./endpoints.ts";
import {
  type FromRegion,
  type HomeReport,
  type Job,
  recordedDigests,
  type Stage,
  type ToRegion,
} from "./job.ts";
import { toldWhenMissing } from "./missing.ts";
import { Offers } from "./offers.ts";
import { noteSlowest, patienceFor } from "./patience.ts";
import { arrivalsAt } from "./receivers.ts";
import { differs, type Fingerprints, fingerprint, isAmong, unproven } from "./same-credential.ts";
import { longestFirst, takeTurns } from "./turns.ts";

export interface Line {
  send(message: FromRegion): void;
  receive(stage: Stage): Promise<ToRegion>;
}

/** Runs one region's share of the plan and writes its journal. It reports; it does not judge. */
export class Observer {
  readonly job: Job;
  /** What the journal names. */
  readonly digests: ReturnType<typeof recordedDigests>;
  readonly #probes: readonly Probe[];
  readonly #line: Line;
  readonly #open: Ladder[] = [];
  readonly #secret = toldWhenMissing(
    secretLookup(process.env, (path) => readFileSync(path, "utf8")),
    (reference) => this.#line.send({ type: "missing", reference }),
  );
  readonly #turns = takeTurns();
  readonly #offers: Offers;
  readonly #home: HomeReport;
  readonly #endpointIn: (system: string, region: string) => Record<string, unknown>;
  readonly #redactor: Redactor | null;
  #head = emptyHead;
  #observations = 0;
  #isOver = false;
  #reports: Record<string, HomeReport> = {};

  constructor(job: Job, probes: readonly Probe[], line: Line) {
    this.job = job;
    this.digests = recordedDigests(job);
    this.#probes = probes;
    this.#line = line;
    this.#endpointIn = endpointsOf(job.map);
    this.#offers = new Offers(job, { probes, endpointIn: this.#endpointIn, secret: this.#secret });
    this.#home = { addresses: {}, offers: this.#offers.made, credentials: {}, slowestMs: {} };
    this.#redactor = job.redaction ? redactor(job.map, job.redaction.salt) : null;
    const { runId, region, version, planted } = job;
    this.#write({ type: "run-started", runId, region, version, planted, ...this.digests, at: now() });
  }

  /** Controls, the attempts that were asked for, all at once, and the controls again. */
  async observe(): Promise<void> {
    await this.#controlsBefore();
    await Promise.all(
      this.#chosen()
        .sort(longestFirst)
        .map((item) => this.#attempted(item)),
    );
    await this.#controlsAfter();
  }

  async attempt(item: PlannedItem): Promise<TryRecord[]> {
    const deadlineMs = patienceFor(item, this.#reports);
    return this.#turns.attempt(item)(() => this.#observe({ ...item, deadlineMs }, "attempt"));
  }

  #chosen(): PlannedItem[] {
    const pattern = new RegExp(this.job.only ?? "");
    return this.#mine("attempt").filter(({ path, title }) => pattern.test(`${path} ${title}`));
  }

  /** What cannot even be tried stays unobserved, which the judge calls inconclusive. */
  async #attempted(item: PlannedItem): Promise<void> {
    try {
      await this.attempt(item);
    } catch (error) {
      console.error(`${item.id} could not be tried: ${String(error)}`);
    }
  }

  async #controlsBefore(): Promise<void> {
    await this.#prepare();
    await this.#controls("before");
    await this.#offers.make();
    this.#reports = await this.#meet("controls-before");
  }

  async #controlsAfter(): Promise<void> {
    await this.#meet("attempts");
    await this.#controls("after");
    // A receiver may be another region's, which sends to it until now.
    await this.#meet("controls-after");
    await this.#askReceivers();
    for (const ladder of this.#open) ladder.close();
    this.#isOver = true;
    this.#write({ type: "run-finished", at: now(), observations: this.#observations });
    await this.#meet("finished");
  }

  async #controls(phase: Phase): Promise<void> {
    await Promise.all(
      this.#mine("control").map((item) =>
        this.#turns.control(item)(async () => {
          const records = await this.#observe(item, phase);
          if (phase === "before") this.#learn(item, records);
          return records;
        }),
      ),
    );
  }

  /** A probe that cannot be prepared says so in its attempts. */
  async #prepare(): Promise<void> {
    await Promise.allSettled(this.#probes.map(async (probe) => probe.prepare?.()));
  }

  #mine(role: PlannedItem["role"]): PlannedItem[] {
    return this.job.plan.items.filter((item) => item.role === role && item.from.region === this.job.region);
  }

  /** How slowly, and where, the target answers; a way that contacts something of one's own does not show where. */
  #learn(item: PlannedItem, records: readonly TryRecord[]): void {
    noteSlowest(this.#home, item, records);
    if (item.contacts === "own") return;
    const reached = records.filter(({ entry: { outcome, climbed } }) =>
      item.witnessed
        ? outcome.kind === "silent"
        : outcome.kind === "reached" && height(climbed) >= height("network"),
    );
    const place = placeOf(item);
    const known = this.#home.addresses[place] ?? [];
    this.#home.addresses[place] = [
      ...new Set([...known, ...reached.flatMap(({ entry }) => entry.address ?? [])]),
    ];
  }

  async #askReceivers(): Promise<void> {
    for (const [system, said] of await arrivalsAt(this.job, this.#probes))
      this.#write({ type: "witnessed", system, ...said });
  }

  async #meet(stage: Stage): Promise<Record<string, HomeReport>> {
    const answer = this.#line.receive(stage);
    this.#line.send({ type: "done", stage, report: this.#home });
    return (await answer).reports;
  }

  async #observe(item: PlannedItem, phase: Phase): Promise<TryRecord[]> {
    const presented: Fingerprints = {};
    const made = await attempt(item, await this.#optionsFor(item, { phase, presented }));
    const records = this.#withKnownCredentials(item, made, presented);
    const tries = records.map((record) => record.entry);
    this.#observations++;
    this.#write({ type: "observation", item: item.id, phase, tries });
    for (const { removed } of records) if (removed) this.#noteRemoved(item, removed);
    return records;
  }

  #noteRemoved({ id }: PlannedItem, removed: NonNullable<TryRecord["removed"]>): void {
    if (!this.#isOver) this.#write({ type: "removed", item: id, at: now(), ...removed });
  }

  /** At home, remembers the credentials that opened what other regions try; abroad, and where one is presented to
   *  the own system for another region's data, holds it against those. */
  #withKnownCredentials(item: PlannedItem, made: TryRecord[], presented: Fingerprints): TryRecord[] {
    const isOpened =
      item.looksFor !== undefined && (item.role === "control" || item.targetAlive !== undefined);
    if (item.vector.credentials !== "target" && !isOpened) return made;
    if (item.role === "control") {
      const worked = made.every(({ entry }) => entry.outcome.kind === "reached");
      if (worked) Object.assign(this.#home.credentials, presented);
      return made;
    }
    const proven = this.#reports[item.about ?? item.to.region]?.credentials ?? {};
    const isAnother = isOpened ? !isAmong(presented, proven) : differs(presented, proven);
    return isAnother ? made.map(unproven) : made;
  }

  async #optionsFor(
    item: PlannedItem,
    { phase, presented }: { phase: Phase; presented: Fingerprints },
  ): Promise<AttemptOptions> {
    const probe = this.#probes.find((candidate) => candidate.kind === item.kind);
    if (!probe) throw new TypeError(`no probe of kind ${item.kind}`);
    const { system, region, endpoint } = item.to;
    const target = { ...this.#endpointIn(system, region), ...(endpoint ? { host: endpoint.host } : {}) };
    const home = this.#reports[item.to.region];
    const offer =
      item.role === "control" ? await this.#offers.forControl(item, phase) : home?.offers[item.to.system];
    return {
      probe,
      context: {
        runId: this.job.runId,
        item,
        own: item.own ? this.#endpointIn(item.own, this.job.region) : target,
        target,
        secret: (reference) => {
          const value = this.#secret(reference);
          presented[reference] = fingerprint(this.job.runId, value);
          return value;
        },
        offer,
        token: sendToken(this.job.runId, item.id, phase),
      },
      learned: home?.addresses[placeOf(item)] ?? [],
      elsewhere: this.job.elsewhere?.[`${item.to.region}/${item.to.system}`] ?? [],
      onLate: (address, rung, refused) =>
        this.#write({
          ...{ type: "late", item: item.id, address, rung, at: now() },
          ...(refused === undefined ? {} : { refused }),
        }),
      onRemoved: (removed) => this.#noteRemoved(item, removed),
      keepOpen: (ladder) => this.#open.push(ladder),
    };
  }

  #write(entry: Entry): void {
    const { line, head } = chainLine(this.#head, this.#redactor?.value(entry) ?? entry);
    this.#head = head;
    this.#line.send({ type: "journal", lines: [line] });
  }
}

/** A vendor's other endpoints have addresses of their own. */
function placeOf({ to }: PlannedItem): string {
  return to.endpoint ? `${to.system} at ${to.endpoint.host}` : to.system;
}

function now(): string {
  return new Date().toISOString();
}
