import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startBackup } from "../../../fixtures/aws-services/backup.ts";
import { startRds } from "../../../fixtures/aws-services/rds.ts";
import { startSns } from "../../../fixtures/aws-services/sns.ts";
import { startSqs } from "../../../fixtures/aws-services/sqs.ts";
import { startObjectStore } from "../../../fixtures/object-store/server.ts";
import type { PlantedServices } from "../aws-services.ts";
import type { PlantedStore } from "../buckets.ts";
import { takeJob } from "../host-jobs.ts";
import type { StoreRequest } from "../store-client.ts";

/** The replica's AWS endpoints. Once they serve, an administrator may change policies through a socket in the host's work folder, which only
 *  the replica's owner can open. */
const { store, services, tls, work } = takeJob<{
  store: PlantedStore;
  services: PlantedServices;
  tls: { cert: string; key: string } | null;
  work: string;
}>(import.meta.filename);
const sqs = startSqs(services.sqs);
const beside = {
  sqs,
  sns: startSns(services.sns, { queues: sqs }),
  rds: startRds(services.rds),
  backup: startBackup(services.backup),
};
const running = await startObjectStore({ ...store.options, tls, services: Object.values(beside) });
for (const { bucket, key, body } of store.objects) running.put(bucket, key, Buffer.from(body));

function carryOut(request: StoreRequest): unknown {
  switch (request.verb) {
    case "get":
      return running.get(request.bucket, request.key)?.toString("utf8") ?? null;
    case "put":
      running.put(request.bucket, request.key, Buffer.from(request.body));
      return null;
    case "remove":
      running.remove(request.bucket, request.key);
      return null;
    case "discard":
      running.discard(request.bucket, request.key);
      return null;
    case "bucket-policy":
      running.setBucketPolicy(request.bucket, request.policy);
      return null;
    case "trust":
      running.setTrust(request.role, request.policy);
      return null;
    case "user-policies":
      running.setUserPolicies(request.accessKeyId, request.policies);
      return null;
    case "reset-policies":
      resetPolicies();
      return null;
    case "read-service":
      return beside[request.service].read(request.region);
    case "write-service":
      beside[request.service].write(request.region, request.state);
      return null;
  }
}

function resetPolicies(): void {
  const { buckets, account } = store.options;
  for (const { name, policy } of buckets) running.setBucketPolicy(name, policy ?? null);
  for (const { name, trust } of account.roles)
    running.setTrust(`arn:aws:iam::${account.id}:role/${name}`, trust);
  for (const { accessKeyId, policies } of account.users) running.setUserPolicies(accessKeyId, policies);
}

const control = createServer((socket) => {
  socket.on("error", () => {});
  createInterface({ input: socket }).once("line", (line) => {
    try {
      socket.end(`${JSON.stringify({ done: carryOut(JSON.parse(line) as StoreRequest) })}\n`);
    } catch (error) {
      socket.end(`${JSON.stringify({ failed: (error as Error).message })}\n`);
    }
  });
});
control.listen(join(work, "store.sock"));
await once(control, "listening");
