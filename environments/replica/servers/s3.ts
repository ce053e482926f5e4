import { join } from "node:path";
import { bucketOf } from "../buckets.ts";
import { makeDump } from "../dumps.ts";
import type { KindServer } from "../servers.ts";
import { askStore } from "../store-client.ts";
import { serveAws } from "./aws.ts";

export const server: KindServer = {
  async serve(boot, mine, held) {
    const dumps = mine.filter(({ placement }) => placement.endpoint.restore);
    const [made] = await Promise.all([
      Promise.all(dumps.map((one) => makeDump(boot, one))),
      serveAws(boot, held),
    ]);
    for (const { bucket, key, body } of made)
      await askStore(join(held.folder, "store.sock"), { verb: "put", bucket, key, body });
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
