import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import type { Signature, Signer, Witness } from "@sigstore/sign";
import { RingfenceError } from "../../core/errors.ts";
import type { EvidenceSigner, SignerIdentity } from "../signer.ts";
import { requireSafe } from "./address.ts";
import { identityIn } from "./identity.ts";
import { readIdentityToken } from "./identity-token.ts";

export interface KeylessOptions {
  /** Sigstore's certificate authority and log; the public ones when left out, which publish who signed and when. */
  fulcioUrl?: string | undefined;
  rekorUrl?: string | undefined;
  /** What the token must be made out for. */
  audience?: string | undefined;
  environment?: NodeJS.ProcessEnv;
  /** Of one request. */
  deadlineMs?: number;
}

/** A certificate is good for ten minutes, and the log must see the signature before it ends. */
const leastLeftMs = 2 * 60_000;

/** Signs with a key of its own, for whose holder an OIDC issuer vouches: no secret is kept. Asks for a
 *  certificate at once, because only it says who that is. Throws SIGNER_INVALID or SIGNING_FAILED; no message or
 *  cause holds a token. */
export async function keylessSigner(options: KeylessOptions = {}): Promise<EvidenceSigner> {
  const { FulcioSigner, RekorWitness } = await import("@sigstore/sign");
  const { audience, environment, deadlineMs = 20_000 } = options;
  const fulcioUrl = requireSafe(options.fulcioUrl, "Sigstore's certificate authority");
  const rekorUrl = requireSafe(options.rekorUrl, "Sigstore's log");
  const limits = { timeout: deadlineMs, retry: 1 };
  const holder = new Holder();
  const fulcio = new FulcioSigner({
    ...(fulcioUrl ? { fulcioBaseURL: fulcioUrl } : {}),
    ...limits,
    keyHolder: holder,
    identityProvider: {
      getToken: () =>
        readIdentityToken({
          deadlineMs,
          ...(environment ? { environment } : {}),
          ...(audience ? { audience } : {}),
        }),
    },
  });
  const rekor = new RekorWitness({
    ...(rekorUrl ? { rekorBaseURL: rekorUrl } : {}),
    ...limits,
  });
  const issue = () => told("the certificate authority", async () => (await fulcio.sign(Buffer.alloc(0))).key);
  let current = checked(await issue(), holder);
  const { who } = current;
  const signer: Signer = {
    async sign(data) {
      if (current.certificate.validToDate.getTime() - Date.now() < leastLeftMs) {
        current = checked(await issue(), holder);
        if (current.who.subject !== who.subject || current.who.issuer !== who.issuer)
          throw failed("the certificate authority now says that this job is somebody else");
      }
      const { signature } = await holder.sign(data);
      return { signature, key: { $case: "x509Certificate", certificate: current.certificate.toString() } };
    },
  };
  const log: Witness = {
    testify: (content, certificate) =>
      told("the transparency log", () => rekor.testify(content, certificate)),
  };
  return { who, publicPem: null, signer, witnesses: [log] };
}

/** Keeps a key in memory for as long as this process signs. */
class Holder implements Signer {
  readonly #pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly publicPem = this.#pair.publicKey.export({ type: "spki", format: "pem" }).toString();

  async sign(data: Buffer): Promise<Signature> {
    const signature = sign("sha256", data, { key: this.#pair.privateKey, dsaEncoding: "der" });
    return { signature, key: { $case: "publicKey", publicKey: this.publicPem } };
  }
}

interface Issued {
  certificate: X509Certificate;
  who: Extract<SignerIdentity, { kind: "identity" }>;
}

function checked(key: Signature["key"], holder: Holder): Issued {
  const pem = key.$case === "x509Certificate" ? key.certificate : "";
  try {
    const certificate = new X509Certificate(pem);
    const mine =
      certificate.publicKey.export({ type: "spki", format: "pem" }).toString() === holder.publicPem;
    const who = identityIn(pem);
    if (mine && who) return { certificate, who };
  } catch {
    // No certificate at all: refused below.
  }
  throw failed("the certificate authority answered with no certificate for this job's key");
}

/** Sigstore's errors are not chained, and of their words only the code is repeated: one quotes the whole token,
 *  others what the server said. */
async function told<T>(whom: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, cause } = error as { code?: unknown; cause?: unknown };
    if (cause instanceof RingfenceError) throw cause;
    const { statusCode, code: reason } = (cause ?? {}) as { statusCode?: unknown; code?: unknown };
    const details = [code, reason, statusCode].filter((one) =>
      /^(CA|TLOG|IDENTITY)_[A-Z_]{2,60}$|^E[A-Z]{2,20}$|^\d{3}$/.test(String(one)),
    );
    throw failed(`${whom} failed: ${details.join(" ") || "an answer that cannot be read"}`);
  }
}

function failed(message: string): RingfenceError {
  return new RingfenceError("SIGNING_FAILED", message, {
    fix: "check the addresses of Sigstore and the job's identity token; then sign again",
  });
}
