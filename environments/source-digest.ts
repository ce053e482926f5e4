import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../core/digest.ts";
import { projectRoot } from "./node-script.ts";

/** What a region carries, each folder without those below it: `localstack/Dockerfile.dockerignore`, too. */
const folders = [
  "core",
  "probes",
  "observer",
  "vendors",
  "attest",
  "attest/signers",
  "attest/timestamps",
  "files",
];

/** SHA-256 of the code that observes: a runner built from other code would observe something else. */
export function sourceDigest(root = projectRoot): string {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => /\.(ts|yaml)$/.test(file) && !file.endsWith(".test.ts"))
      .map((file) => `${folder}/${file}`),
  );
  const all = [...files, "scripts/observe-region.ts"].sort();
  return sha256(all.map((file) => `${file} ${sha256(readFileSync(join(root, file)))}\n`).join(""));
}

if (process.argv[1] === import.meta.filename) process.stdout.write(sourceDigest());
