import { randomBytes } from "node:crypto";
import type { Write } from "../core/journal.ts";
import { canariesOf, isSuccess } from "./https-answer.ts";
import type { Moving } from "./https-endpoint.ts";
import { coded, type Look, type Way } from "./https-inside.ts";

const how = "PUT as the workload";

/** Writes a document for a tenant that is held in the middle of a move and for one that is not, before and after
 *  it, and reads whether it is there: a status alone is not what happened. All are removed again. Where no canary
 *  is in the tenant's own answer nothing is written: it may be a customer. */
export const frozenTenant: Way = async (look) => {
  const { own } = look.context;
  if (!own.moving) return {};
  const { moving } = own;
  const names = { settled: moving.settled, moving: moving.tenant };
  for (const tenant of Object.values(names)) await requireCanary(look, moving.holds, tenant);
  const writes: Write[] = [];
  look.certain.writes = writes;
  for (const tenant of ["settled", "moving", "settled"] as const)
    writes.push({ tenant, how, met: await metBy(look, moving, names[tenant]) });
  return { canaries: [...look.seen].sort(), writes };
};

async function requireCanary({ context, read }: Look, holds: string, tenant: string): Promise<void> {
  const { token } = context.own.credentials.auditor;
  const answer = await read({ path: holds.replaceAll("{tenant}", tenant), token });
  if (canariesOf(answer).length === 0) throw coded("NOT_A_CANARY_TENANT");
}

async function metBy(look: Look, moving: Moving, tenant: string): Promise<Write["met"]> {
  const { own } = look.context;
  // Not the one in the path, which an answer that nothing is there may repeat.
  const mark = unguessable();
  const path = moving.path.replaceAll("{tenant}", tenant).replaceAll("{token}", unguessable());
  const post = { type: "application/json", body: moving.body.replaceAll("{token}", mark) };
  const answer = await look.ask({ path, token: own.credentials.own.token, post, method: "PUT" });
  const taken = isSuccess(answer);
  const refused = (code: string) => ({ kind: "refused" as const, code });
  if (tenant === moving.tenant && taken) {
    // That it was taken is enough; what cannot be removed stays on record.
    await remove(look, path, mark).catch(() => {});
    return { kind: "accepted" };
  }
  const stored = await isStored(look, path, mark);
  if (taken || stored) await remove(look, path, mark);
  if (tenant === moving.tenant) return stored ? { kind: "accepted" } : refused(`HTTP_${answer.status}`);
  if (!taken) return refused(`HTTP_${answer.status}`);
  return stored ? { kind: "accepted" } : refused("NOT_STORED");
}

/** By the auditor, whom no freeze concerns. Throws where the answer does not say. */
async function isStored({ ask, context }: Look, path: string, mark: string): Promise<boolean> {
  const { status, body } = await ask({ path, token: context.own.credentials.auditor.token });
  if (body.includes(mark)) return true;
  if (status === 404 || status === 410 || isSuccess({ status })) return false;
  throw coded(`HTTP_${status}`);
}

/** One that stays behind stays on record. */
async function remove(look: Look, path: string, mark: string): Promise<void> {
  const { certain, context } = look;
  const what = "documents that were written for canary tenants";
  const done = certain.removed?.done ?? true;
  certain.removed = { what, done: false };
  await look.ask({ path, token: context.own.credentials.own.token, method: "DELETE" });
  certain.removed = { what, done: done && !(await isStored(look, path, mark)) };
}

function unguessable(): string {
  return randomBytes(16).toString("hex");
}
