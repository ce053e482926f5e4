import { generateKeyPairSync } from "node:crypto";
import { signingKey } from "../../attest/keys.ts";
import { observedPredicateType } from "../../attest/observed-statement.ts";
import { type EvidenceSigner, localSigner } from "../../attest/signer.ts";
import { judgeRole, type Trust } from "../../attest/trust.ts";
import { bundleName, observedBundleName } from "../../reports/evidence.ts";
import { change } from "./bytes.ts";
import { editBundle, type Statement, sign, signBytes, statementIn } from "./forge.ts";
import type { Attack, Files } from "./sweep.ts";

export function aStranger(): EvidenceSigner {
  return localSigner(signingKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey));
}

/** What may be wrong with a statement: who signed it, what kind it is, and the bundle around it. */
export function signatureAttacks(
  regions: readonly string[],
  signers: Readonly<Record<string, EvidenceSigner>>,
  trust: Trust,
): Attack[] {
  const bundles = [
    { name: bundleName, role: judgeRole },
    ...regions.map((region) => ({ name: `${region}/${bundleName}`, role: judgeRole })),
    ...regions.map((region) => ({ name: `${region}/${observedBundleName}`, role: region })),
  ];
  const every = Object.keys(signers);
  return [
    ...bundles.flatMap(({ name, role }) => {
      const own = signers[role] as EvidenceSigner;
      const on = (kind: string, alter: (files: Files) => unknown, what = name): Attack => ({
        kind,
        what,
        alter,
      });
      const resign = (by: EvidenceSigner) => (files: Files) =>
        sign(files, name, { statement: statementIn(files, name), by });
      const said = (kind: string, edit: (statement: Statement) => Statement) =>
        on(kind, (files) => sign(files, name, { statement: edit(statementIn(files, name)), by: own }));
      return [
        on("signed by a stranger", resign(aStranger())),
        on("signed by a stranger who gives a trusted key's name", async (files) => {
          const { verificationMaterial } = JSON.parse((files.get(name) as Buffer).toString()) as {
            verificationMaterial: Record<string, unknown>;
          };
          await resign(aStranger())(files);
          editBundle(files, name, (bundle) => {
            bundle.verificationMaterial = verificationMaterial;
          });
        }),
        ...every
          .filter((other) => other !== role)
          .map((other) =>
            on("signed in another's name", resign(signers[other] as EvidenceSigner), `${name} by ${other}`),
          ),
        ...["text/plain", "application/json", ""].map((type) =>
          on(
            "a valid signature over another type of content",
            (files) =>
              signBytes(files, name, {
                payload: Buffer.from(JSON.stringify(statementIn(files, name))),
                type,
                by: own,
              }),
            `${name} as ${JSON.stringify(type)}`,
          ),
        ),
        ...['"yes"', "{}", "[]", "null", "plain text", '{"_type":"https://in-toto.io/Statement/v1"}'].map(
          (text) =>
            on(
              "a valid signature over what is no statement",
              (files) => signBytes(files, name, { payload: Buffer.from(text), by: own }),
              `${name} over ${text}`,
            ),
        ),
        ...bundles
          .filter((other) => other.role === role && other.name !== name)
          .map((other) =>
            on(
              "a statement of another kind, or of another region, by the same signer",
              (files) => files.set(name, files.get(other.name) as Buffer),
              `${other.name} as ${name}`,
            ),
          ),
        said(
          "a statement with more in it than belongs there, signed",
          (one) => ({ ...one, more: 1 }) as Statement,
        ),
        said(
          "a statement of another type, signed",
          (one) =>
            ({
              ...one,
              predicateType: `${observedPredicateType}x`,
            }) as Statement,
        ),
        said("a statement without its last subject, signed", (one) => ({
          ...one,
          subject: one.subject.slice(0, -1),
        })),
        said("a statement on a file outside of the folder, signed", (one) => ({
          ...one,
          subject: one.subject.map((subject) => ({ ...subject, name: `../${subject.name}` })),
        })),
        on("the bundle names another key", (files) =>
          editBundle(files, name, (bundle) => {
            bundle.verificationMaterial.publicKey = { hint: Buffer.alloc(32).toString("base64") };
          }),
        ),
        on("the envelope names a key", (files) =>
          editBundle(files, name, ({ dsseEnvelope }) => {
            dsseEnvelope.signatures = dsseEnvelope.signatures.map((one) => ({ ...one, keyid: "mine" }));
          }),
        ),
        on("the bundle is of another media type", (files) =>
          editBundle(files, name, (bundle) => {
            bundle.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2";
          }),
        ),
        on("the bundle holds more", (files) =>
          editBundle(files, name, (bundle) => Object.assign(bundle, { more: true })),
        ),
        on("the envelope holds more", (files) =>
          editBundle(files, name, ({ dsseEnvelope }) => Object.assign(dsseEnvelope, { more: true })),
        ),
        on("two signatures", (files) =>
          editBundle(files, name, ({ dsseEnvelope }) => {
            dsseEnvelope.signatures.push(...dsseEnvelope.signatures);
          }),
        ),
        on("no signature", (files) =>
          editBundle(files, name, ({ dsseEnvelope }) => {
            dsseEnvelope.signatures = [];
          }),
        ),
        on("a key that stands twice in the bundle's text", (files) =>
          change(files, name, (content) =>
            Buffer.from(content.toString().replace("{", '{\n  "mediaType": "x",')),
          ),
        ),
        on("the bundle written on one line", (files) =>
          change(files, name, (content) => Buffer.from(JSON.stringify(JSON.parse(content.toString())))),
        ),
      ];
    }),
    ...every.flatMap((role) => [
      outside(role, "before its time", { from: new Date(Date.now() + 3_600_000) }),
      outside(role, "after its time", { until: new Date("2020-01-01T00:00:00Z") }),
    ]),
    ...every.map(
      (role): Attack => ({
        kind: "signed by a key that is trusted no more",
        what: role,
        trust: { ...trust, signers: trust.signers.filter(({ signs }) => signs !== role) },
      }),
    ),
  ];

  function outside(role: string, when: string, window: { from?: Date; until?: Date }): Attack {
    const signersThen = trust.signers.map((one) => (one.signs === role ? { ...one, ...window } : one));
    return { kind: `signed ${when}`, what: role, trust: { ...trust, signers: signersThen } };
  }
}
