import { join } from "node:path";
import { scriptArguments } from "../../node-script.ts";
import { onHost, said, start } from "../namespace.ts";
import type { KindServer } from "../servers.ts";

/** Every endpoint of every vendor of the map, under its real name, in one process. */
export const server: KindServer = {
  async serve({ authority, job }, _mine, held) {
    const script = scriptArguments(join(import.meta.dirname, "vendor-process.ts"));
    const vendors = start(onHost(held, [process.execPath, ...script]));
    vendors.stdin?.end(JSON.stringify({ cert: authority.ca, key: authority.key, work: job.work }));
    await said(vendors, "serving", "the vendors");
  },
};
