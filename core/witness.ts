import { z } from "zod";
import { sha256 } from "./digest.ts";

/** What an attempt sends across: unguessable before the run, and known to whoever reads its journals. */
export function sendToken(runId: string, item: string, phase: "before" | "attempt" | "after"): string {
  return sha256(`${runId} ${phase} ${item}`).slice(0, 32);
}

/** One thing that a receiver saw: which token, from where, when. */
export const Arrival = z.strictObject({
  token: z.string().regex(/^[0-9a-f]{32}$/),
  from: z.string().max(64),
  at: z.iso.datetime(),
});
export type Arrival = z.infer<typeof Arrival>;

/** The longest list of arrivals that a receiver may hand over. */
export const mostArrivals = 10_000;
