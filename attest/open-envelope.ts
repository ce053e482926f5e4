import { isUtf8 } from "node:buffer";
import { type Bundle, bundleFromJSON, bundleToJSON } from "@sigstore/bundle";
import type { z } from "zod";
import { canonicalJson } from "../core/digest.ts";
import { bundleText, statementMediaType } from "./envelope.ts";
import { hintOf, type SignerIdentity } from "./signer.ts";
import { openKeyed, openKeyless } from "./signers/open.ts";
import { checkTimestamps, type Timestamp } from "./timestamps/check.ts";
import { type Trust, type TrustedSigner, withinMinutes } from "./trust.ts";

const bundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

export interface Expected<T> {
  /** Whose word it must be: a region's id, or `judge`. */
  role: string;
  trust: Trust;
  schema: z.ZodType<T>;
  /** When the statement says that it was made. */
  timeOf(statement: T): string;
}

type Problem = { problem: string };

/** Opens a bundle with a signer of the trust file; a key inside the bundle is never used. Sigstore's verifier
 *  looks at the signature only, so type, shape and time are checked here. */
export function openStatement<T>(
  bundleJson: string,
  { role, trust, schema, timeOf }: Expected<T>,
): { statement: T; who: SignerIdentity } | Problem {
  try {
    const given: unknown = JSON.parse(bundleJson);
    const bundle = bundleFromJSON(given);
    const understood = bundleToJSON(bundle);
    if (canonicalJson(understood) !== canonicalJson(given))
      return { problem: "the bundle holds more, or other, than a Sigstore bundle does" };
    if (bundleText(understood) !== bundleJson)
      return { problem: "the bundle's text is not the one that its content has" };
    if (bundle.content.$case !== "dsseEnvelope") return { problem: "the bundle holds no DSSE envelope" };
    const { payloadType, payload } = bundle.content.dsseEnvelope;
    if (bundle.mediaType !== bundleMediaType)
      return { problem: `the bundle is of type ${JSON.stringify(bundle.mediaType)}` };
    if (payloadType !== statementMediaType)
      return { problem: `the signed payload is of type ${JSON.stringify(payloadType)}` };
    const opened = openSigned(bundle, { role, trust });
    if ("problem" in opened) return opened;
    // Many bytes would read as the same text.
    if (!isUtf8(payload)) return { problem: "the signed payload is no UTF-8" };
    const text = payload.toString("utf8");
    const said: unknown = JSON.parse(text);
    if (JSON.stringify(said) !== text)
      return { problem: "the signed payload's text is not the one that its content has" };
    const parsed = schema.safeParse(said);
    // Zod passes over a key by the name of `__proto__`, which other readers see.
    if (!parsed.success || canonicalJson(parsed.data) !== canonicalJson(said))
      return { problem: "the signed payload is not the statement that belongs here" };
    const time = timeOfSigning(bundle, trust, timeOf(parsed.data));
    if ("problem" in time) return time;
    // One key may sign in several windows.
    const outside = opened.signers.map((signer) => outsideWindow(signer, time.at));
    return !outside.includes(null)
      ? { problem: outside[0] ?? "" }
      : { statement: parsed.data, who: opened.who };
  } catch (error) {
    return { problem: `it cannot be read: ${(error as Error).message.split("\n")[0]}` };
  }
}

function openSigned(
  bundle: Bundle,
  { role, trust }: { role: string; trust: Trust },
): { signers: TrustedSigner[]; who: SignerIdentity } | Problem {
  const { content } = bundle.verificationMaterial;
  const problems: string[] = [];
  const signers: TrustedSigner[] = [];
  let who: SignerIdentity | null = null;
  for (const signer of trust.signers.filter((one) => one.signs === role)) {
    if ("key" in signer !== (content.$case === "publicKey")) continue;
    const opened =
      "key" in signer
        ? openKeyed(bundle, [signer])
        : openKeyless(bundle, { ...signer.identity, trustedRoot: signer.trustedRoot });
    if ("who" in opened) {
      who = opened.who;
      signers.push(signer);
    } else problems.push(opened.problem);
  }
  if (who) return { signers, who };
  const other = trust.signers.find(
    (one) =>
      content.$case === "publicKey" && "key" in one && hintOf(one.fingerprint) === content.publicKey.hint,
  );
  if (other && other.signs !== role) return { problem: `signed by the key of ${other.signs}` };
  // The one that nearly fitted says more than those of other keys.
  const stranger = "signed by a key that is not among the trusted ones";
  return { problem: problems.find((one) => one !== stranger) ?? problems[0] ?? stranger };
}

/** As an authority of the trust file says, or the log that an identity's signature is in; else as the statement
 *  says. A proven time has to be near to the one that is said. */
function timeOfSigning(bundle: Bundle, { timestamps }: Trust, claimed: string): { at: number } | Problem {
  const said = Date.parse(claimed);
  if (!Number.isFinite(said)) return { problem: `it says no time: ${JSON.stringify(claimed)}` };
  const proven = provenTime(bundle, timestamps);
  if (proven === null) return { at: said };
  if ("problem" in proven) return proven;
  const at = proven.time.getTime();
  if (Math.abs(at - said) <= (timestamps?.withinMinutes ?? withinMinutes) * 60_000) return { at };
  return { problem: `it says ${claimed}, and ${proven.authority} saw it at ${proven.time.toISOString()}` };
}

/** Null where nobody but the signer says when. A log's promise is over the time; Sigstore's verifier has checked
 *  each, and lets no bundle of a key carry one. */
function provenTime(bundle: Bundle, timestamps: Trust["timestamps"]): Timestamp | Problem | null {
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const stamped = timestampVerificationData?.rfc3161Timestamps ?? [];
  if (timestamps && (stamped.length > 0 || timestamps.required))
    return checkTimestamps(bundle, timestamps.authorities);
  const logged = tlogEntries.flatMap(({ inclusionPromise, integratedTime }) =>
    inclusionPromise ? [Number(integratedTime) * 1000] : [],
  );
  if (logged.length === 0) return null;
  return { time: new Date(Math.min(...logged)), authority: "the log of signatures" };
}

function outsideWindow({ from, until }: TrustedSigner, at: number): string | null {
  const made = new Date(at).toISOString();
  if (from && at < from.getTime())
    return `made ${made}, before its signer may sign (from ${from.toISOString()})`;
  if (until && at >= until.getTime())
    return `made ${made}, after its signer may sign (until ${until.toISOString()})`;
  return null;
}
