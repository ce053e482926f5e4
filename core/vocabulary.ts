import { z } from "zod";

/** The rungs an attempt climbs, lowest first. */
export const rungs = ["name", "network", "tls", "authentication", "authorization", "data"] as const;
export const Rung = z.enum(rungs);
export type Rung = z.infer<typeof Rung>;

/** -1 is the ground: no rung was climbed. */
export function height(rung: Rung | null): number {
  return rung === null ? -1 : rungs.indexOf(rung);
}

export function higher(a: Rung | null, b: Rung | null): Rung | null {
  return height(a) >= height(b) ? a : b;
}

export const leakPaths = [
  "database",
  "object-storage",
  "cache",
  "telemetry",
  "llm",
  "backup",
  "search",
  "vector-db",
  "queue",
  "email",
  "payments",
  "analytics",
  "webhooks",
  "admin-access",
  "dns",
  "egress",
  "routing",
  "migration",
  "non-production",
  "configuration",
  "vendors",
] as const;
export const LeakPath = z.enum(leakPaths);
export type LeakPath = z.infer<typeof LeakPath>;

export const AttemptFamily = z.enum(["trespass", "send", "stray", "wiring"]);
export type AttemptFamily = z.infer<typeof AttemptFamily>;

export const grades = ["contained", "inconclusive", "breached"] as const;
export type Grade = (typeof grades)[number];

const rank = { contained: 0, inconclusive: 1, breached: 2 } as const satisfies Record<Grade, number>;

/** The worst of all, and the join of nothing is inconclusive: nothing was proven. */
export function join(all: readonly Grade[]): Grade {
  if (all.length === 0) return "inconclusive";
  return all.reduce((worst, grade) => (rank[grade] > rank[worst] ? grade : worst));
}

/** What a region, or a whole run, is worth. */
export const RegionGrade = z.enum(["pass", "pass-with-exceptions", "breached", "inconclusive"]);
export type RegionGrade = z.infer<typeof RegionGrade>;

export const AddressFamily = z.union([z.literal(4), z.literal(6)]);
export type AddressFamily = z.infer<typeof AddressFamily>;

/** How an attempt gets there. `credentials`: whose; `none` where the probe presents none. */
export const Vector = z.strictObject({
  route: z.enum(["name", "address"]),
  addressFamily: AddressFamily,
  credentials: z.enum(["own", "target", "none"]),
});
export type Vector = z.infer<typeof Vector>;

export function vectorId(vector: Vector): string {
  return `${vector.route}-ipv${vector.addressFamily}-${vector.credentials}`;
}

export function vectorText(vector: Vector): string {
  const route = vector.route === "name" ? "by name" : "by address";
  const credentials = vector.credentials === "none" ? "" : `, ${vector.credentials} credentials`;
  return `${route}, IPv${vector.addressFamily}${credentials}`;
}

const code = z.string().max(120);

/** What one try met, as facts. A probe never judges them.
 *  `refused.local`: our own machine refused before anything was sent.
 *  `reached.canary`: SHA-256 of the canary that was read, if one was. */
export const Outcome = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("reached"), rung: Rung, canary: z.string().optional() }),
  z.strictObject({ kind: z.literal("refused"), rung: Rung, code, local: z.boolean().optional() }),
  z.strictObject({ kind: z.literal("silent"), rung: Rung }),
  z.strictObject({ kind: z.literal("faulted"), code }),
]);
export type Outcome = z.infer<typeof Outcome>;
