import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Account, publicKeyOf, startBastion } from "../../../fixtures/bastion/bastion.ts";
import { takeJob } from "../host-jobs.ts";

/** A host's bastions. `folder`: where its accounts and its record of logins lie. */
export interface BastionJob {
  folder: string;
  listen: { address: string; port: number }[];
  canary: string;
  accounts: (Account & { privateKey?: string })[];
}

const jobs = takeJob<BastionJob[]>(import.meta.filename);
for (const { folder, listen, canary, accounts } of jobs) {
  await mkdir(folder, { recursive: true });
  const files = {
    "ringfence-canary": join(folder, "canary"),
    "access-record": join(folder, "access-record"),
  };
  const accountsFile = join(folder, "accounts.json");
  await writeFile(files["ringfence-canary"], `${canary}\n`);
  await writeFile(files["access-record"], "");
  await writeFile(accountsFile, JSON.stringify(accounts.map(published), null, 2));
  await startBastion({ listen, accountsFile, files, recordFile: files["access-record"] });
}

/** A server knows the public half only. */
function published({ privateKey, ...account }: BastionJob["accounts"][number]): Account {
  return privateKey === undefined ? account : { ...account, publicKey: publicKeyOf(privateKey) };
}
