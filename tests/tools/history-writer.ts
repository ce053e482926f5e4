import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { beginRun } from "../../attest/history/begin.ts";
import { FolderStore } from "../../attest/history/folder-store.ts";
import { signingKey } from "../../attest/keys.ts";
import { localSigner } from "../../attest/signer.ts";
import { aResult, aRun } from "../history/a-log.ts";

/** Writes runs into a history, as one of several processes; says on stdout what it was told is there.
 *  argv: folder, key file, name, how many runs, and at which write, before or after it, to be killed. */
const [folder = "", keyFile = "", name = "", runs = "1", killAt = "", when = ""] = process.argv.slice(2);
const judge = localSigner(signingKey(createPrivateKey(readFileSync(keyFile))));

class MortalStore extends FolderStore {
  writes = 0;

  override async create(file: string, content: Buffer): Promise<"created" | "exists"> {
    const dying = killAt !== "" && this.writes++ === Number(killAt);
    if (dying && when === "before") process.kill(process.pid, "SIGKILL");
    const answer = await super.create(file, content);
    if (dying) process.kill(process.pid, "SIGKILL");
    return answer;
  }
}

const store = new MortalStore(folder);
for (let run = 0; run < Number(runs); run++) {
  const runId = `${name}-${run}`;
  const begun = await beginRun(aRun({ runId }), { store, judge });
  process.stdout.write(`started ${runId} ${begun.written.index}\n`);
  const { index } = await begun.finish(aResult());
  process.stdout.write(`judged ${runId} ${index}\n`);
}
