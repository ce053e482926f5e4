import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { type CompletedRequest, getLocal } from "mockttp";
import { Arrivals } from "../../../fixtures/receivers/arrivals.ts";
import { takeJob } from "../host-jobs.ts";

/** The vendors of the replica's Internet, and its customers' receivers: whatever the name, TLS by the replica's
 *  authority, and the answer that a request without a key gets. What arrived, when and from where, is written to
 *  `received.jsonl`; what was marked as Ringfence's in its address, or in a greeting that came to nothing, is said at
 *  `/ringfence-arrivals`. */
const { cert, key, work } = takeJob<{
  cert: string;
  key: string;
  work: string;
}>(import.meta.filename);
const vendors = getLocal({ https: { cert, key }, http2: false, recordTraffic: false });
const marked = new Arrivals();
await vendors
  .forGet("/ringfence-arrivals")
  .always()
  .thenCallback(() => ({ statusCode: 200, json: marked.list() }));
await vendors.forAnyRequest().thenCallback(async (request) => {
  marked.note(request.path, request.remoteIpAddress ?? "");
  appendFileSync(join(work, "received.jsonl"), `${JSON.stringify(await arrival(request))}\n`);
  return { statusCode: 401, json: { error: "no valid key" } };
});
await vendors.on("tls-client-error", ({ tlsMetadata, remoteIpAddress }) =>
  marked.note(tlsMetadata.sniHostname ?? "", remoteIpAddress ?? ""),
);
await vendors.start(443);

async function arrival(request: CompletedRequest) {
  const { method, path, headers, remoteIpAddress: from } = request;
  const canaries = ((await request.body.getText()) ?? "").match(/ringfence-canary-[A-Za-z0-9_-]{43}/g) ?? [];
  return { at: new Date().toISOString(), from, host: headers.host, method, path, canaries };
}
