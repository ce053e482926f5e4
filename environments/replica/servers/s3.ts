import { join } from "node:path";
import { scriptArguments } from "../../node-script.ts";
import { bucketOf, keyOf, planStore } from "../buckets.ts";
import { onHost, said, start } from "../namespace.ts";
import type { Provision } from "../provision.ts";
import type { KindServer } from "../servers.ts";
import { askStore, type StoreRequest } from "../store-client.ts";

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

function storeOf({ placement }: Provision, work: string): (request: StoreRequest) => Promise<string | null> {
  const socket = join(work, "hosts", placement.host.replace("/", "."), "store.sock");
  return (request) => askStore(socket, request);
}
