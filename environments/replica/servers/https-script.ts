import { once } from "node:events";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { DataPlane } from "../../../fixtures/web-service/data-plane.ts";
import { DocumentService } from "../../../fixtures/web-service/document-service.ts";
import { SearchIndex } from "../../../fixtures/web-service/search-index.ts";
import { listen } from "../../../fixtures/web-service/server.ts";
import type { Asked, Reply, Service } from "../../../fixtures/web-service/service.ts";
import { VectorStore } from "../../../fixtures/web-service/vector-store.ts";
import { takeJob } from "../host-jobs.ts";
import type { PlannedService } from "../web-services.ts";

/** The HTTP services of one host. Once they serve, an administrator may speak to them through a socket in the host's work folder, which only the replica's
 *  owner can open. */
const { services, certificate, ca, work } = takeJob<{
  services: PlannedService[];
  certificate: { cert: string; key: string };
  ca: string;
  work: string;
}>(import.meta.filename);

const running = new Map<PlannedService, Service>(services.map((planned) => [planned, serviceOf(planned)]));
for (const [{ canaryPaths, canary }, service] of running)
  for (const path of canaryPaths) await plant(service, path, canary);
for (const one of places()) await listen(one);
await listen({ at: { socket: join(work, "https.sock") }, tls: null, services: [...running.values()] });

function serviceOf(planned: PlannedService): Service {
  const { host, region } = planned;
  const [canaryPath] = planned.canaryPaths;
  const common = { host, region, address: planned.address[4], tokens: new Map(planned.tokens) };
  const [, first = "", second = "", , id = ""] = canaryPath.split("/");
  switch (planned.behaviour) {
    case "search-index":
      return new SearchIndex({ ...common, open: { index: first, id: canaryPath.split("/")[3] ?? "" } });
    case "vector-store":
      return new VectorStore({
        ...common,
        embedding: `https://inference.${host}/v1/embeddings`,
        open: { collection: second, id },
      });
    case "documents":
      return new DocumentService({ ...common, open: canaryPath, pages: planned.pages, deliver });
    case "data-plane":
      return new DataPlane({
        ...common,
        directory: Object.fromEntries(
          Object.entries(planned.directory).map(([tenant, to]) => [
            tenant,
            { host: to.host, region: to.region },
          ]),
        ),
        moving: planned.moving,
        forward: (asked, { host: to }) => forward(asked, planned, to),
        roleElsewhere: (to, token) =>
          [...running.values()].find((service) => service.host === to)?.tokens.get(token) ?? null,
      });
  }
}

async function plant(service: Service, path: string, value: string): Promise<void> {
  await service.handle({
    method: "PUT",
    path,
    query: new URLSearchParams(),
    headers: {},
    body: JSON.stringify({ name: "Ringfence canary", value }),
    token: null,
    role: "admin",
  });
}

/** To a customer's receiver, as any other client of this host would. */
async function deliver(url: string): Promise<void> {
  const call = request(url, { method: "POST", ca, agent: false });
  const answered = once(call, "response");
  call.end("{}");
  await answered;
  call.destroy();
}

/** Every address and port, with the services that stand there. */
function places() {
  const all = [...running].flatMap(([planned, service]) =>
    [planned.address[4], planned.address[6]].map((address) => ({ ...planned, address, service })),
  );
  const byPlace = Map.groupBy(all, ({ address, port }) => `${address} ${port}`);
  return [...byPlace.values()].flatMap((here) => {
    const [first] = here;
    if (!first) return [];
    const { address, port, tls } = first;
    return [
      { at: { address, port }, tls: tls ? certificate : null, services: here.map(({ service }) => service) },
    ];
  });
}

/** As the request came, token included. */
function forward(asked: Asked, from: PlannedService, host: string): Promise<Reply> {
  const to = Object.values(from.directory).find((one) => one.host === host);
  const query = asked.query.size > 0 ? `?${asked.query}` : "";
  const options = {
    host: to?.address,
    port: to?.port,
    servername: host,
    ca,
    method: asked.method,
    path: `${asked.path}${query}`,
    headers: { host, ...(asked.token === null ? {} : { authorization: `Bearer ${asked.token}` }) },
  };
  return new Promise((done, fail) => {
    const call = request(options, async (answer) => {
      try {
        done({ status: answer.statusCode ?? 502, body: await text(answer) });
      } catch (error) {
        fail(error);
      }
    });
    call.on("error", fail);
    call.end(asked.body);
  });
}
