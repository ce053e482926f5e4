import { createConnection } from "node:net";
import { text } from "node:stream/consumers";
import type { PolicyDocument } from "../../fixtures/object-store/policy-document.ts";

/** The services whose state of one region an administrator may read and replace. */
export type ServiceName = "sqs" | "sns" | "rds" | "backup";

/** What an administrator may ask of the replica's AWS endpoints. */
export type StoreRequest =
  | { verb: "get"; bucket: string; key: string }
  | { verb: "put"; bucket: string; key: string; body: string }
  | { verb: "remove"; bucket: string; key: string }
  | { verb: "discard"; bucket: string; key: string }
  | { verb: "bucket-policy"; bucket: string; policy: PolicyDocument | null }
  | { verb: "trust"; role: string; policy: PolicyDocument }
  | { verb: "user-policies"; accessKeyId: string; policies: PolicyDocument[] }
  | { verb: "reset-policies" }
  | { verb: "read-service"; service: ServiceName; region: string }
  | { verb: "write-service"; service: ServiceName; region: string; state: unknown };

/** Rejects with the store's own message. */
export async function askStore(socketFile: string, request: StoreRequest): Promise<unknown> {
  const socket = createConnection(socketFile);
  socket.end(`${JSON.stringify(request)}\n`);
  const answer = JSON.parse(await text(socket)) as { done?: unknown; failed?: string };
  if (answer.failed !== undefined)
    throw new Error(`the object store refused ${request.verb}: ${answer.failed}`);
  return answer.done ?? null;
}
