import { preAuthenticationEncoding, seal, statementMediaType } from "../../attest/envelope.ts";
import type { EvidenceSigner } from "../../attest/signer.ts";
import { sha256 } from "../../core/digest.ts";
import { bundleName, isCovered } from "../../reports/evidence.ts";
import type { Files } from "./sweep.ts";

export interface Statement {
  subject: { name: string; digest: { sha256: string } }[];
  predicate: Record<string, unknown>;
}

interface BundleJson {
  verificationMaterial: Record<string, unknown>;
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid?: string }[] };
  [more: string]: unknown;
}

export function textOf(files: Files, name: string): string {
  const content = files.get(name);
  if (!content) throw new TypeError(`there is no ${name}`);
  return content.toString("utf8");
}

export function statementIn(files: Files, name: string): Statement {
  const { dsseEnvelope } = JSON.parse(textOf(files, name)) as BundleJson;
  return JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8")) as Statement;
}

/** Changes a bundle's fields, and writes it as bundles are written. */
export function editBundle(files: Files, name: string, edit: (bundle: BundleJson) => void): void {
  const bundle = JSON.parse(textOf(files, name)) as BundleJson;
  edit(bundle);
  files.set(name, Buffer.from(`${JSON.stringify(bundle, null, 2)}\n`));
}

/** A valid signature over other bytes, or of another type, than a statement's. */
export async function signBytes(
  files: Files,
  name: string,
  { payload, type = statementMediaType, by }: { payload: Buffer; type?: string; by: EvidenceSigner },
): Promise<void> {
  const { signature } = await by.signer.sign(preAuthenticationEncoding(payload, type));
  editBundle(files, name, ({ dsseEnvelope }) => {
    dsseEnvelope.payload = payload.toString("base64");
    dsseEnvelope.payloadType = type;
    dsseEnvelope.signatures = [{ sig: signature.toString("base64") }];
  });
}

export async function sign(
  files: Files,
  name: string,
  { statement, by }: { statement: Statement; by: EvidenceSigner },
): Promise<void> {
  files.set(name, Buffer.from(await seal(statement, by)));
}

/** All of the judge's statements anew, over the files as they are now: what a judge could do who is in on it. */
export async function judgedAnew(files: Files, regions: readonly string[], judge: EvidenceSigner) {
  for (const region of regions) {
    const name = `${region}/${bundleName}`;
    if (!files.has(name)) continue;
    const statement = statementIn(files, name);
    const subject = statement.subject.map((one) => subjectOf(files, one.name) ?? one);
    await sign(files, name, { statement: { ...statement, subject }, by: judge });
  }
  const names = [...files.keys()].filter(isCovered).sort();
  const subject = names.flatMap((name) => subjectOf(files, name) ?? []);
  await sign(files, bundleName, {
    statement: { ...statementIn(files, bundleName), subject },
    by: judge,
  });
}

function subjectOf(files: Files, name: string): Statement["subject"][number] | null {
  const content = files.get(name);
  return content ? { name, digest: { sha256: sha256(content) } } : null;
}
