import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { seal } from "../attest/envelope.ts";
import { buildObservedStatement } from "../attest/observed-statement.ts";
import { openSigner } from "../attest/signer-reference.ts";
import { planDigest } from "../core/plan.ts";
import { lineTo } from "../observer/line.ts";
import { Observer } from "../observer/observer.ts";
import { loadProbes } from "../probes/catalog.ts";
import { secretLookup } from "../probes/probe.ts";
import type { RegionJob, RegionMessage, SignedJournal } from "./region-job.ts";

/** The one process of a region: reads its job from stdin, makes the attempts there, writes its journal to
 *  stdout, and signs it. It ends when its coordinator does. */
const input = createInterface({ input: process.stdin });
input.once("close", () => process.exit(70));
const [first] = (await once(input, "line")) as [string];
const job = JSON.parse(first) as RegionJob;
const { send, receive } = lineTo((text) => process.stdout.write(text), input);
const journal = createHash("sha256");
await new Observer(job, await loadProbes(), {
  receive,
  send(message) {
    if (message.type === "journal") for (const line of message.lines) journal.update(`${line}\n`);
    send(message);
  },
}).observe();
const signed = await signJournal(job, journal.digest("hex"));
if (signed)
  process.stdout.write(`${JSON.stringify({ type: "signed", ...signed } satisfies RegionMessage)}\n`);
process.exit(0);

async function signJournal(
  { signing, runId, region, version, plan }: RegionJob,
  sha256: string,
): Promise<SignedJournal | null> {
  if (!signing) return null;
  const secret = secretLookup(process.env, (path) => readFileSync(path, "utf8"));
  const signer = await openSigner(signing.signer, secret);
  const statement = buildObservedStatement(
    { sha256 },
    {
      runId,
      region,
      version,
      map: plan.map,
      plan: planDigest(plan),
      signedAt: new Date().toISOString(),
      history: signing.history,
    },
  );
  return { bundle: await seal(statement, signer), who: signer.who };
}
