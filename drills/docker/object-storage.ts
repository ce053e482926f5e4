import { crossing, inside } from "../../core/drill.ts";
import { ap, connect, type DockerDrill, eu, serveFrom, startRelay, us } from "./holes.ts";

const path = "object-storage";
const system = "uploads";
const key = "ringfence/canary";
const bucketOf = (region: string) => `acme-uploads-${region}`;

export const drills: DockerDrill[] = [
  {
    id: "object-storage-second-network",
    path,
    title: "the US's object store is joined to Sydney's network, too",
    open: (tools, hole) =>
      connect(tools, hole, { container: tools.container(us, system), network: tools.network(ap) }),
    expects: crossing(ap, us, { route: "address" }),
  },
  {
    id: "object-storage-runner-joined",
    path,
    title: "the US's workload is joined to the EU network, too",
    open: (tools, hole) =>
      connect(tools, hole, { container: tools.container(us, "runner"), network: tools.network(eu) }),
    expects: crossing(us, eu),
  },
  {
    id: "object-storage-host-network",
    path,
    title: "a proxy with network_mode: host passes 4566 of Sydney's gateway on to the EU's object store",
    async open(tools, hole) {
      const { address, port } = tools.place(eu, system);
      const gateway = tools.place(ap, system).address[4].replace(/\d+$/, "1");
      await startRelay(tools, hole, {
        region: eu,
        run: ["--network", "host"],
        listen: gateway,
        to: { host: address[4], port },
      });
    },
    expects: crossing(ap, eu, { family: 4, route: "address" }),
  },
  {
    id: "object-storage-copied-object",
    path,
    title: "the EU's bucket was replicated into the US's by hand, one object of it",
    async open(tools, hole) {
      hole.closeBy(() => tools.objects.remove(us, bucketOf(us), "backup/eu/canary"));
      const body = await tools.objects.get(eu, bucketOf(eu), key);
      await tools.objects.put(us, bucketOf(us), "backup/eu/canary", body);
    },
    expects: inside(us, ["s3-stray"], { about: eu }),
  },
  {
    id: "object-storage-global-store",
    path,
    title: "Sydney's endpoint is the US's object store, where its bucket was made again",
    async open(tools, hole) {
      const bucket = bucketOf(ap);
      const body = await tools.objects.get(ap, bucket, key);
      hole.closeBy(() => tools.objects.removeBucket(us, bucket));
      await tools.objects.createBucket(us, bucket);
      hole.closeBy(() => tools.objects.remove(us, bucket, key));
      await tools.objects.put(us, bucket, key, body);
      await serveFrom(tools, hole, { from: us, at: ap, system });
    },
    expects: (item) => inside(ap, ["s3-wiring"])(item) || crossing(ap, us, { route: "address" })(item),
  },
];
