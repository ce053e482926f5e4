import { once } from "node:events";
import { createServer } from "node:net";
import { takeJob } from "../host-jobs.ts";

/** Stands for any system that Ringfence has no client for: accepts connections and says nothing. */
for (const { host, port } of takeJob<{ host: string; port: number }[]>(import.meta.filename)) {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  server.listen({ host, port });
  await once(server, "listening");
}
