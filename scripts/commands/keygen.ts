import { statSync } from "node:fs";
import { basename } from "node:path";
import { readPassphrase } from "../../attest/signers/key-file.ts";
import { type KeyType, keyTypes, makeKey, successionOf } from "../../attest/signers/make-key.ts";
import { type Parsed, parseOptions, takeNothing, usage } from "../options.ts";
import { bold } from "../terminal.ts";

export const help = `ringfence keygen --out DIR --name NAME: makes a key that signs evidence

  --out DIR              where NAME.key.pem (the secret, for its owner only) and NAME.pub.pem are written;
                         nothing there is ever overwritten
  --name NAME            whose key it is: a region's id, or the name of whoever judges
  --type TYPE            p256 (the default, also what AWS KMS signs with) or ed25519
  --passphrase-file F    encrypts the key with the first line of F, which only its owner may read.
                         Without it, RINGFENCE_PASSPHRASE does, when it is set. Choose a long one at random:
                         it is what stands between a copied file and your signature
  --rotate               makes a successor beside the key of that name, as NAME.YYYYMMDD, of the same type
  --overlap DAYS         how long the old key stays valid with --rotate (default 30)

Prints the fingerprint, and what to write into the trust file. Hand out the .pub.pem and the
fingerprint, by separate ways. The .key.pem stays in its region.`;

const dayMs = 86_400_000;

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("keygen", args, {
    out: { type: "string" },
    name: { type: "string" },
    type: { type: "string" },
    "passphrase-file": { type: "string" },
    rotate: { type: "boolean" },
    overlap: { type: "string" },
  });
  takeNothing("keygen", options);
  const [folder, name, overlapDays] = [folderOf(options), nameOf(options), overlapOf(options)];
  const passphrase = readPassphrase({ passphraseFile: options.text("passphrase-file") });
  const now = new Date();
  if (!options.flag("rotate")) {
    const made = makeKey(folder, name, { type: typeOf(options) ?? "p256", passphrase });
    say(made, name, [{ publicFile: made.publicFile, from: now }]);
    return 0;
  }
  const { current, stem } = successionOf(folder, name, now.toISOString().slice(0, 10));
  const made = makeKey(folder, stem, { type: typeOf(options) ?? current.type, passphrase });
  say(made, name, [
    { publicFile: current.publicFile, until: new Date(now.getTime() + overlapDays * dayMs) },
    { publicFile: made.publicFile, from: now },
  ]);
  return 0;
}

interface Window {
  publicFile: string;
  /** Left out where this command does not know it: keep what the file says. */
  from?: Date;
  until?: Date;
}

function say(
  made: { keyFile: string; publicFile: string; fingerprint: string },
  name: string,
  windows: readonly Window[],
): void {
  process.stdout.write(
    `${bold("fingerprint")}  ${made.fingerprint}
${bold("secret")}       ${made.keyFile}
${bold("public")}       ${made.publicFile}

in the trust file of whoever verifies:

${windows.map((one) => trustLines(name, one)).join("\n")}
`,
  );
}

function trustLines(name: string, { publicFile, from, until }: Window): string {
  return [
    `  - signs: ${name}`,
    `    key: ${basename(publicFile)}`,
    ...(from ? [`    from: ${seconds(from)}`] : []),
    ...(until ? [`    until: ${seconds(until)}`] : []),
  ].join("\n");
}

function seconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

function folderOf(options: Parsed): string {
  const folder = options.text("out");
  if (folder && statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
    throw usage(`keygen: --out: ${folder} is no folder`, "name the folder that the key belongs in");
  if (folder) return folder;
  throw usage("keygen: no --out DIR", "name the folder that the key belongs in, outside any repository");
}

function nameOf(options: Parsed): string {
  const name = options.text("name") ?? "";
  // A date at its end is a successor's.
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) && !/\.\d{8}(-\d+)?$/.test(name)) return name;
  throw usage(
    `keygen: --name ${JSON.stringify(name)} is no name for a key`,
    "use a region's id: letters, digits, dots, dashes and underscores, without a date at its end",
  );
}

function typeOf(options: Parsed): KeyType | undefined {
  const type = options.text("type");
  if (type === undefined || (keyTypes as readonly string[]).includes(type))
    return type as KeyType | undefined;
  throw usage(`keygen: there is no key type "${type}"`, `use one of ${keyTypes.join(", ")}`);
}

function overlapOf(options: Parsed): number {
  const text = options.text("overlap");
  if (text !== undefined && !options.flag("rotate"))
    throw usage("keygen: --overlap without --rotate", "a first key has no key to overlap with");
  if (/^\d{1,3}$/.test(text ?? "30")) return Number(text ?? 30);
  throw usage(`keygen: --overlap "${text}" is no number of days`, "use 0 to 999");
}
