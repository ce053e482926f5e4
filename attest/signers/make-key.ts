import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RingfenceError } from "../../core/errors.ts";
import { readPublicKey, signingKey } from "../keys.ts";

export const keyTypes = ["p256", "ed25519"] as const;
export type KeyType = (typeof keyTypes)[number];

export interface MadeKey {
  keyFile: string;
  publicFile: string;
  fingerprint: string;
}

/** Writes `STEM.key.pem`, for its owner only, and `STEM.pub.pem`; never in place of a file that is there. */
export function makeKey(
  folder: string,
  stem: string,
  { type, passphrase }: { type: KeyType; passphrase: string | undefined },
): MadeKey {
  const { privateKey } =
    type === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { publicPem, fingerprint } = signingKey(privateKey);
  const [keyFile, publicFile] = [join(folder, `${stem}.key.pem`), join(folder, `${stem}.pub.pem`)];
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  const privatePem = privateKey.export({ type: "pkcs8", format: "pem", ...encryption });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  write(keyFile, privatePem, 0o600);
  try {
    write(publicFile, publicPem, 0o644);
  } catch (error) {
    rmSync(keyFile);
    throw error;
  }
  return { keyFile, publicFile, fingerprint };
}

/** The newest public key of that name in a folder, and the stem that its successor gets on that day. */
export function successionOf(
  folder: string,
  name: string,
  today: string,
): { current: { publicFile: string; fingerprint: string; type: KeyType }; stem: string } {
  const present = existsSync(folder) ? readdirSync(folder) : [];
  const dated = present
    .map((file) => ({ file, made: madeOn(file, name) }))
    .filter((one) => one.made !== null)
    .sort((a, b) => (a.made ?? 0) - (b.made ?? 0));
  const newest = dated.at(-1)?.file;
  if (newest === undefined)
    throw new RingfenceError("USAGE", `keygen: ${folder} holds no ${name}.pub.pem to rotate`, {
      fix: present.includes(`${name}.key.pem`)
        ? `openssl pkey -in '${join(folder, name)}.key.pem' -pubout -out '${join(folder, name)}.pub.pem'`
        : "leave --rotate out to make the first key",
    });
  const publicFile = join(folder, newest);
  const { key, fingerprint } = readPublicKey(publicFile);
  const day = `${name}.${today.replaceAll("-", "")}`;
  let stem = day;
  const taken = (one: string) => present.includes(`${one}.pub.pem`) || present.includes(`${one}.key.pem`);
  for (let nth = 2; taken(stem); nth++) stem = `${day}-${nth}`;
  const type = key.asymmetricKeyType === "ed25519" ? "ed25519" : "p256";
  return { current: { publicFile, fingerprint, type }, stem };
}

/** Sorts `NAME.pub.pem` before `NAME.YYYYMMDD.pub.pem` before `NAME.YYYYMMDD-2.pub.pem`; null for other files. */
function madeOn(file: string, name: string): number | null {
  if (!file.startsWith(name)) return null;
  const match = /^(?:\.(\d{8})(?:-(\d+))?)?\.pub\.pem$/.exec(file.slice(name.length));
  return match && Number(match[1] ?? 0) * 1000 + Number(match[2] ?? 0);
}

function write(file: string, content: string | Buffer, mode: number): void {
  try {
    writeFileSync(file, content, { mode, flag: "wx" });
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    const there = code === "EEXIST";
    // A full disk leaves half of it, which would be kept as somebody's key.
    if (syscall !== "open") rmSync(file);
    throw new RingfenceError("USAGE", `keygen: ${file} ${there ? "exists" : `cannot be written: ${code}`}`, {
      cause,
      fix: there
        ? "keep it: evidence names it. `--rotate` makes its successor beside it"
        : "choose a folder that you may write to",
    });
  }
}
