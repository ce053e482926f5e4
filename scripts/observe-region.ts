import { createHash } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { seal } from "../attest/envelope.ts";
import {
  buildObservedStatement,
  type HistoryPosition,
  type ObservedStatement,
} from "../attest/observed-statement.ts";
import type { EvidenceSigner } from "../attest/signer.ts";
import { openSigner } from "../attest/signer-reference.ts";
import { RingfenceError } from "../core/errors.ts";
import { jsonLine } from "../core/json-line.ts";
import { lineTo } from "../observer/line.ts";
import { Observer } from "../observer/observer.ts";
import { loadProbes } from "../probes/catalog.ts";
import type { RegionJob, RegionMessage } from "./region-job.ts";

/** The one process of a region: reads its job from stdin, makes the attempts there, writes its journal to
 *  stdout, and signs it. It ends when its coordinator does. */
const input = createInterface({ input: process.stdin });
input.once("close", () => process.exit(70));
const [first] = (await once(input, "line")) as [string];
const job = JSON.parse(first) as RegionJob;
// Before anything is tried: whoever cannot sign need not observe.
const signer = await signerOf(job).catch(giveUp);
const { send, receive } = lineTo((text) => process.stdout.write(text), input);
const journal = createHash("sha256");
const kinds = new Set(job.plan.items.map(({ kind }) => kind));
const observer = new Observer(job, await loadProbes(kinds), {
  receive,
  send(message) {
    if (message.type === "journal") for (const line of message.lines) journal.update(`${line}\n`);
    send(message);
  },
});
await observer.observe();
if (signer && job.signing) {
  const statement = statementOf(observer, job.signing.history, journal.digest("hex"));
  const { who, publicPem } = signer;
  say({ type: "signed", who, publicPem, bundle: await seal(statement, signer).catch(giveUp) });
}
process.exit(0);

function say(message: RegionMessage): void {
  process.stdout.write(jsonLine(message));
}

/** What a person can mend is said in one line; anything else is a defect, and shows where. */
function giveUp(error: unknown): never {
  if (!(error instanceof RingfenceError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exit(2);
}

async function signerOf({ signing }: RegionJob): Promise<EvidenceSigner | null> {
  if (!signing) return null;
  return await openSigner(signing.signer, { timestamps: signing.timestamps });
}

function statementOf(
  { job, digests }: Observer,
  history: HistoryPosition | null,
  sha256: string,
): ObservedStatement {
  const { runId, region, version } = job;
  const signedAt = new Date().toISOString();
  return buildObservedStatement({ sha256 }, { runId, region, version, ...digests, signedAt, history });
}
