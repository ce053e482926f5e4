import { join } from "node:path";
import { bucketOf, keyOf } from "../buckets.ts";
import { makeDump } from "../dumps.ts";
import type { Provision } from "../provision.ts";
import type { KindServer } from "../servers.ts";
import { askStore, type StoreRequest } from "../store-client.ts";
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
  async move({ job }, { source, destination }) {
    const key = keyOf(destination);
    const [from, to] = [bucketOf(source), bucketOf(destination)];
    const [there, here] = [storeOf(source, job.work), storeOf(destination, job.work)];
    await there({ verb: "put", bucket: from, key, body: "a draft of it" });
    await there({ verb: "put", bucket: from, key, body: destination.canary });
    const body = String(await there({ verb: "get", bucket: from, key }));
    await here({ verb: "put", bucket: to, key, body });
    await there({ verb: "discard", bucket: from, key });
    // "remove" takes the versions and the marker, too: a plain deletion would leave them.
    await there({ verb: "remove", bucket: from, key });
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

function storeOf({ placement }: Provision, work: string): (request: StoreRequest) => Promise<unknown> {
  const socket = join(work, "hosts", placement.host.replace("/", "."), "store.sock");
  return (request) => askStore(socket, request);
}
