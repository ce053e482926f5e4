const payloadType = "application/vnd.in-toto+json";

export async function digestOf(bytes) {
  return hexOf(await crypto.subtle.digest("SHA-256", bytes));
}

function hexOf(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** A public key and its fingerprint: SHA-256 of its SubjectPublicKeyInfo. Throws at anything else. */
export async function readKey(pem) {
  const [, base64] =
    /^-----BEGIN PUBLIC KEY-----([\sA-Za-z0-9+/=]+)-----END PUBLIC KEY-----\s*$/.exec(pem.trim()) ?? [];
  if (!base64) throw new Error("that is no public key in PEM");
  const der = bytesOf(base64.replace(/\s/g, ""));
  const algorithm = algorithmOf(hexOf(der));
  if (!algorithm) throw new Error("that key is neither ECDSA P-256 nor Ed25519");
  const key = await crypto.subtle.importKey("spki", der, algorithm, true, ["verify"]);
  return { key, isEcdsa: algorithm.name === "ECDSA", fingerprint: await digestOf(der) };
}

/** By the first bytes of the SubjectPublicKeyInfo (RFC 5480, RFC 8410). */
function algorithmOf(hex) {
  if (hex.startsWith("3059301306072a8648ce3d020106082a8648ce3d03010703420004"))
    return { name: "ECDSA", namedCurve: "P-256" };
  return hex.startsWith("302a300506032b6570032100") ? { name: "Ed25519" } : null;
}

/** The payload of a bundle that the key signed. Throws where it did not, in words for the page. */
export async function openBundle(bundle, { key, isEcdsa, fingerprint }) {
  const { payload, signatures, payloadType: type } = bundle.dsseEnvelope;
  const [only, ...more] = signatures;
  if (type !== payloadType || more.length > 0 || only.keyid)
    throw new Error("its statement is none of a run");
  const hint = btoa(
    String.fromCharCode(...(fingerprint.match(/../g) ?? []).map((byte) => parseInt(byte, 16))),
  );
  if (bundle.verificationMaterial.publicKey?.hint !== hint)
    throw new Error(`its statement is signed by another key than ${fingerprint}`);
  const bytes = bytesOf(payload);
  const signature = isEcdsa ? fixedWidth(bytesOf(only.sig)) : bytesOf(only.sig);
  const algorithm = isEcdsa ? { name: "ECDSA", hash: "SHA-256" } : "Ed25519";
  if (!(await crypto.subtle.verify(algorithm, key, signature, encoded(bytes))))
    throw new Error("its statement was changed after it was signed: the signature does not fit");
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

/** DSSE's pre-authentication encoding: what the signature is over. */
function encoded(payload) {
  const head = new TextEncoder().encode(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `);
  const whole = new Uint8Array(head.length + payload.length);
  whole.set(head);
  whole.set(payload, head.length);
  return whole;
}

/** An ECDSA signature in DER as WebCrypto takes it: both numbers with 32 bytes each. */
function fixedWidth(der) {
  const whole = new Uint8Array(64);
  const wrong = () => new Error("its statement was changed after it was signed: the signature is damaged");
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw wrong();
  let at = 2;
  for (const end of [32, 64]) {
    if (der[at] !== 0x02) throw wrong();
    const number = der.slice(at + 2, at + 2 + der[at + 1]);
    const bytes = number[0] === 0 ? number.slice(1) : number;
    if (number.length !== der[at + 1] || bytes.length > 32) throw wrong();
    whole.set(bytes, end - bytes.length);
    at += 2 + number.length;
  }
  if (at !== der.length) throw wrong();
  return whole;
}
