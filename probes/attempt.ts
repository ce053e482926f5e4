import { isIP } from "node:net";
import { RingfenceError } from "../core/errors.ts";
import { mostTries, type Try } from "../core/journal.ts";
import type { PlannedItem } from "../core/plan.ts";
import type { Outcome, Rung } from "../core/vocabulary.ts";
import { Ladder } from "./ladder.ts";
import { legible } from "./legible.ts";
import { type Addresses, resolve } from "./names.ts";
import type { Answer, Probe, TryContext } from "./probe.ts";

export interface TryRecord {
  entry: Try;
  removed?: Answer["removed"];
}

export interface AttemptOptions {
  probe: Probe;
  context: Omit<TryContext<Record<string, unknown>>, "address" | "ladder" | "learned">;
  /** Literal addresses that the target's home proved, for the vectors by address. */
  learned: readonly string[];
  /** Where else the environment's inventory has the target, as seen from this vantage. */
  elsewhere?: readonly Place[];
  /** A socket climbed after its deadline; or was refused there, with that code. */
  onLate(address: string | null, rung: Rung, refused?: string): void;
  /** What a try left behind is known only after its deadline. */
  onRemoved?(removed: NonNullable<Answer["removed"]>): void;
  /** Sockets that stay open until the run ends are handed over here. */
  keepOpen(ladder: Ladder): void;
}

/** `port`: where it is not the endpoint's own. */
export interface Place {
  address: string;
  port?: number;
}

/** Makes one planned item: every address of its vector, each as its own try. Never throws. */
export async function attempt(item: PlannedItem, options: AttemptOptions): Promise<TryRecord[]> {
  const where = item.contacts === "own" ? options.context.own : options.context.target;
  const contact = options.probe.contact(where, item);
  const started = startClock();
  const addresses = await addressesFor(item, contact.host, options);
  const unmade = (outcome: Outcome) => ({ entry: { address: null, ...started(), climbed: null, outcome } });
  if ("outcome" in addresses) return [unmade(addresses.outcome)];
  const places = [...addresses.found.map((address): Place => ({ address })), ...(addresses.elsewhere ?? [])];
  const tries = places
    .flatMap((place) => Array<Place>(item.repeats ?? 1).fill(place))
    .flatMap((place) => destinations(item, options).map((learned) => ({ place, learned })));
  const fits = tries.length <= mostTries;
  const records = await Promise.all(
    (fits ? tries : tries.slice(0, mostTries - 1)).map(({ place, learned }) =>
      tryAddress(item, place.address, { ...towards(place, options), learned }),
    ),
  );
  // What is open among them is found all the same; what was not tried proves nothing.
  return fits ? records : [...records, unmade({ kind: "faulted", code: "TOO_MANY_ADDRESSES" })];
}

/** What goes by address over something of one's own is asked to go to each address of the target, one at a time. */
function destinations(item: PlannedItem, { learned }: AttemptOptions): (readonly string[])[] {
  const overOwn = item.contacts === "own" && item.vector.route === "address" && item.role === "attempt";
  const known = learned.filter((address) => isIP(address) === item.vector.addressFamily);
  return overOwn && known.length > 0 ? known.map((address) => [address]) : [learned];
}

/** Another port is a change of the attacked endpoint, and of nothing else. */
function towards({ port }: Place, options: AttemptOptions): AttemptOptions {
  if (port === undefined) return options;
  return { ...options, context: { ...options.context, target: { ...options.context.target, port } } };
}

/** A page of a listing of S3 fits: 500 keys of 1,024 bytes. */
const longestSearchBytes = 1024 * 1024;

async function tryAddress(item: PlannedItem, address: string, options: AttemptOptions): Promise<TryRecord> {
  const looksInside = item.family === "stray" || item.family === "wiring";
  const searched = options.probe.longestSearchBytes ?? longestSearchBytes;
  const ladder = looksInside ? new Ladder({ longestAnswerBytes: searched }) : new Ladder();
  ladder.climb("name");
  const started = startClock();
  const answer = run(address, ladder, options).then(legible);
  const first = await within(item.deadlineMs, answer);
  if (first !== null) {
    ladder.close();
    const { outcome, findings, removed } = first;
    const entry = { address, ...started(), climbed: ladder.climbed, outcome, syns: null };
    return { entry: findings ? { ...entry, findings } : entry, ...(removed ? { removed } : {}) };
  }
  const entry: Try = {
    address,
    ...started(),
    climbed: ladder.climbed,
    outcome: { kind: "silent", rung: ladder.next() },
    syns: ladder.synCount(),
  };
  ladder.linger(
    (rung) => options.onLate(address, rung),
    (error) => {
      const met = networkOutcome(error);
      if (ladder.climbed === "name" && met.kind === "refused" && !met.local)
        options.onLate(address, met.rung, met.code);
    },
  );
  options.keepOpen(ladder);
  answer.then(
    ({ removed }) => removed && options.onRemoved?.(removed),
    () => {},
  );
  return { entry };
}

/** Runs the probe and turns whatever it throws into an outcome. */
async function run(address: string, ladder: Ladder, options: AttemptOptions): Promise<Answer> {
  try {
    const answer = await options.probe.run({ ...options.context, address, ladder, learned: options.learned });
    if (answer.outcome.kind === "reached") ladder.climb(answer.outcome.rung);
    if (answer.outcome.kind === "faulted" && ladder.cutOff) return cutOff(ladder.cutOff);
    return answer;
  } catch (error) {
    if (error instanceof RingfenceError) return { outcome: { kind: "faulted", code: error.code } };
    if (ladder.cutOff) return cutOff(ladder.cutOff);
    if (ladder.socketError && ladder.climbed === "name")
      return { outcome: connectOutcome(ladder.socketError, options.context.item) };
    return { outcome: options.probe.explain(error, ladder) };
  }
}

function cutOff(code: string): Answer {
  return { outcome: { kind: "faulted", code } };
}

/** That the own machine finds no way to the own system says nothing of any border. */
function connectOutcome(error: NodeJS.ErrnoException, { contacts }: PlannedItem): Outcome {
  const met = networkOutcome(error);
  const lost = contacts === "own" && met.kind === "refused" && met.local;
  return lost ? { kind: "faulted", code: met.code } : met;
}

const localRefusals = new Set(["ENETUNREACH", "EHOSTUNREACH", "EACCES", "EPERM"]);
const remoteRefusals = new Set(["ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "ENOPROTOOPT", "EHOSTDOWN"]);

/** What a TCP connect error means. EACCES and EPERM are a local route or policy; "- Local (" is Node's
 *  mark of a connect that failed before a packet left. Everything else (EMFILE, EADDRNOTAVAIL, …) is
 *  our own trouble. Codes: Linux connect(2), ip(7). */
export function networkOutcome(error: NodeJS.ErrnoException): Outcome {
  const code = error.code ?? "UNKNOWN";
  if (code === "ETIMEDOUT") return { kind: "silent", rung: "network" };
  const local = code === "EACCES" || code === "EPERM" || error.message.includes("- Local (");
  if (local && localRefusals.has(code)) return { kind: "refused", rung: "network", code, local: true };
  if (!local && remoteRefusals.has(code)) return { kind: "refused", rung: "network", code };
  return { kind: "faulted", code };
}

/** A socket that broke after the TCP connection stood. A reset in place of a TLS handshake, or of a first answer, may
 *  be a border's; one after it is no refusal of rights. Node calls an orderly close a reset, too; only the kernel's
 *  own names the system call. */
export function brokenConnection(error: unknown, ladder: Ladder): Outcome | null {
  const broken = ladder.socketError ?? (error as NodeJS.ErrnoException | null);
  const code = broken?.code;
  if (code !== "ECONNRESET" && code !== "EPIPE") return null;
  if (!broken?.syscall) return { kind: "faulted", code: "CLOSED_BY_PEER" };
  const rung = ladder.next();
  return rung === "tls" ? { kind: "refused", rung, code } : { kind: "faulted", code };
}

async function addressesFor(
  item: PlannedItem,
  host: string,
  { learned, elsewhere = [] }: AttemptOptions,
): Promise<Addresses & { elsewhere?: Place[] }> {
  if (isIP(host) !== 0) return isIP(host) === item.vector.addressFamily ? { found: [host] } : noAddress;
  const abroad = item.from.region !== item.to.region && item.contacts === "target";
  if (item.vector.route === "address" && abroad) {
    const ofFamily = (address: string) => isIP(address) === item.vector.addressFamily;
    const known = learned.filter(ofFamily);
    if (known.length === 0) return { outcome: { kind: "faulted", code: "NO_ADDRESS_LEARNED" } };
    return { found: known, elsewhere: elsewhere.filter(({ address }) => ofFamily(address)) };
  }
  const asked =
    item.family === "wiring" ? resolveOften(host, item) : resolve(host, item.vector.addressFamily);
  const answer = await within(item.deadlineMs, asked);
  return answer ?? { outcome: { kind: "silent", rung: "name" } };
}

const lookups = 16;

/** A name may lead elsewhere only sometimes: asks again and again over half the deadline, and keeps every
 *  address it was ever given. */
async function resolveOften(host: string, item: PlannedItem): Promise<Addresses> {
  const found = new Set<string>();
  let last: Addresses = { found: [] };
  const begun = performance.now();
  for (let asked = 0; asked < lookups && performance.now() - begun < item.deadlineMs / 2; asked++) {
    if (asked > 0) await within(item.deadlineMs / (2 * lookups), never);
    last = await resolve(host, item.vector.addressFamily);
    if ("found" in last) for (const address of last.found) found.add(address);
  }
  return found.size > 0 ? { found: [...found] } : last;
}

const noAddress: Addresses = { outcome: { kind: "faulted", code: "NO_ADDRESS_OF_FAMILY" } };

function startClock(): () => Pick<Try, "startedAt" | "durationMs"> {
  const startedAt = new Date().toISOString();
  const begun = performance.now();
  return () => ({ startedAt, durationMs: Math.round((performance.now() - begun) * 10) / 10 });
}

const never = new Promise<never>(() => {});

/** The only timer of an attempt; null when it fires first. */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result | null> {
  let timer: NodeJS.Timeout | undefined;
  const fired = new Promise<null>((done) => {
    timer = setTimeout(() => done(null), milliseconds);
  });
  try {
    return await Promise.race([work, fired]);
  } finally {
    clearTimeout(timer);
  }
}
