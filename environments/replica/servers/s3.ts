import { join } from "node:path";
import { scriptArguments } from "../../node-script.ts";
import { bucketOf, planStore } from "../buckets.ts";
import { onHost, said, start } from "../namespace.ts";
import type { KindServer } from "../servers.ts";

/** One process for all public buckets, on the internet, and one for each region's private ones. */
export const server: KindServer = {
  async serve({ job, topology, authority }, mine, held) {
    const names = mine.flatMap(({ placement }) =>
      [placement.endpoint.host, placement.endpoint.sts].flatMap((name) => [
        String(name),
        `*.${String(name)}`,
      ]),
    );
    const plain = mine.some(({ placement }) => placement.endpoint.tls === false);
    const tls = plain ? null : await authority.issue(names);
    const script = scriptArguments(join(import.meta.dirname, "s3-process.ts"));
    const store = start(onHost(held, [process.execPath, ...script]));
    store.stdin?.end(JSON.stringify({ store: planStore(topology, mine), tls, work: job.work }));
    await said(store, "serving", "the S3 endpoint");
  },
  admin(one) {
    const { endpoint, port } = one.placement;
    return {
      accessKeyId: one.admin.accessKeyId,
      secretAccessKey: one.admin.password,
      region: String(endpoint.region),
      bucket: bucketOf(one),
      endpoint: `${endpoint.tls === false ? "http" : "https"}://${String(endpoint.host)}${port === 443 ? "" : `:${port}`}`,
    };
  },
};
