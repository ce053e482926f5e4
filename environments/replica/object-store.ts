import { text } from "node:stream/consumers";
import { startObjectStore } from "../../fixtures/object-store/server.ts";
import type { PlantedStore } from "./buckets.ts";

/** The replica's S3 and STS, in a process of their own on the `internet` host. The job comes on stdin. */
const { store, tls } = JSON.parse(await text(process.stdin)) as {
  store: PlantedStore;
  tls: { cert: string; key: string };
};
const running = await startObjectStore({ ...store.options, tls });
for (const { bucket, key, body } of store.objects) running.put(bucket, key, Buffer.from(body));
process.stdout.write("serving\n");
