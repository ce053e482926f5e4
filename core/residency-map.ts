import { z } from "zod";
import { isBlock } from "./addresses.ts";
import { AddressFamily, type AttemptFamily, LeakPath, Rung, type Vector } from "./vocabulary.ts";

/** What a look inside may be for. */
export const looks = ["canaries", "links", "place", "settings", "writes", "sums"] as const;

/** One way a probe kind looks at a system. The plan multiplies it by regions and vectors.
 *  `goal`: the rung on which its control must arrive. `contacts`: whose endpoint the packets go to
 *  (a server-side copy talks to its own endpoint about a far bucket). */
export interface Check {
  probe: string;
  family: AttemptFamily;
  proves: string;
  routes: readonly Vector["route"][];
  credentials: readonly Vector["credentials"][];
  goal: Rung;
  contacts: "target" | "own";
  /** One attempt per other region whose canary is searched for. */
  perOtherRegion?: boolean;
  /** The key of the endpoint with what opens the other region's data at its home: a control there has to show that it
   *  does, or being turned away with it proves nothing. */
  opens?: string;
  /** How often an attempt is made at once: a hole may let only some connections through. 1 unless told. */
  repeats?: number;
  /** What a look inside reports; a report without it proves nothing. */
  looksFor?: (typeof looks)[number];
  /** It names hosts that may be nobody's in the map, beside what it looks for; a look for settings always does. */
  namesHosts?: true;
  /** With which codes a write has to be refused, by the endpoint; for a look at writes. */
  refusals?(endpoint: Readonly<Record<string, unknown>>): string[];
  /** The own name must lead into the own address plan; left out for services on public addresses. */
  privateAddresses?: boolean;
  /** The rung whose refusal this check is about. A map that promises to stop everybody on a lower one does
   *  not promise this, and it is not claimed. */
  about?: Rung;
  /** Also tried at every endpoint of the system's vendor that lies in another jurisdiction. */
  everyEndpoint?: true;
  /** Tried at every other system of another region that listens for TCP, in place of the system itself. */
  everySystem?: true;
  /** The probe whose control shows that the target lives, where this one's own way does not lead there. */
  aliveBy?: string;
  /** The probe whose control is the twin, where several ways have one and the same. */
  twinBy?: string;
  /** The sender's word is worth nothing: the receiver is asked what arrived. */
  witnessed?: true;
  /** Sent over the own system to a receiver outside of all regions, wherever the system is at home. */
  outward?: true;
  /** A key of the endpoint without which there is nothing to try. */
  needs?: string;
}

/** What a probe file declares of itself; the shared code never branches on `kind`. */
export interface SystemKind {
  kind: string;
  endpoint: z.ZodObject;
  stopBy: Rung;
  checks: readonly Check[];
}

/** Nobody's region: where everything is that no region may reach, and the vantage that sees it live. */
export const outside = "outside";

/** What else bears a name beside the regions: who signs the verdicts, and a folder of the evidence. */
const reserved = [outside, "judge", "keys"];

export const RegionId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,40}$/, "a region id: lower-case letters, digits and hyphens")
  .refine(
    (id) => !reserved.includes(id),
    `another id than ${reserved.join(", ")}, which mean something else`,
  );

const text = z.string().trim().min(1).max(400);
const retention = z
  .string()
  .regex(/^(none|\d{1,4} (hours?|days?|weeks?|months?|years?))$/, 'a duration such as "35 days", or "none"');

/** A credential is named, never written: the region's own process looks it up. */
export const SecretReference = z
  .string()
  .regex(/^(env:[A-Za-z_{}][A-Za-z0-9_{}]*|file:\/.+)$/, "a reference: env:NAME or file:/PATH")
  .describe("env:NAME or file:/PATH; {REGION} stands for the region's id in capitals with underscores");

export const HostName = z
  .string()
  .regex(
    /^[a-z0-9{}*]([a-z0-9{}.:-]*[a-z0-9{}])?$/i,
    "a host name or address; {region} stands for the region's id",
  );

export const Port = z.int().min(1).max(65535);

const Domain = HostName.regex(
  /^[^{}*:]*$/,
  'a domain such as "acme.internal", without * or {region}: all below it is private, too',
);

const Block = z.string().refine(isBlock, "a CIDR block such as 10.10.0.0/16");

/** What `run --redact` leaves out of everything that it writes. */
const Private = z.strictObject({
  addresses: z.array(Block).default([]).describe("Blocks of addresses"),
  names: z.array(Domain).default([]).describe('Domains, such as "acme.internal": the name and all below it'),
});

const Region = z.strictObject({
  jurisdiction: text.describe('Whose law the data must stay under, such as "EU"'),
  place: text.describe('Where the machines stand, such as "Frankfurt, Germany"'),
  addresses: z
    .array(Block)
    .min(1)
    .describe("The region's private address plan, IPv4 and IPv6; no two regions may overlap"),
  guard: z
    .enum(["drop", "reject"])
    .describe("How the border refuses: silently, or by a TCP reset or ICMP answer"),
});
type Region = z.infer<typeof Region>;

const Waiver = z.strictObject({
  from: RegionId.describe("The region from which the crossing is permitted"),
  to: RegionId.describe("The region whose data may be reached"),
  probe: z.string().optional().describe("Only this probe; left out: every probe of the system"),
  owner: text,
  reason: text,
  approver: text,
  expires: z.iso.date().describe("Last day on which the exception holds, YYYY-MM-DD"),
});
export type Waiver = z.infer<typeof Waiver>;

const systemShape = {
  id: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, "an id: lower-case letters, digits and hyphens"),
  path: LeakPath.describe("The leak path that this system belongs to"),
  home: z
    .union([
      z.literal("each-region"),
      z.literal(outside),
      RegionId,
      z
        .array(RegionId)
        .min(1)
        .refine((all) => new Set(all).size === all.length, "each region once"),
    ])
    .describe(
      'The region that keeps it, or a list of those that have one each; "each-region": all; "outside": nobody may reach it',
    ),
  holds: text.describe("What customer data it holds"),
  retention: retention.describe('How long, such as "35 days"'),
  readers: z.array(text).describe("Who reads it"),
  exporters: z.array(text).describe("Who takes data out of it"),
  backups: z.strictObject({
    storedIn: z.union([z.literal("same-region"), z.literal("none"), RegionId]),
    retention,
    restoredTo: z.array(text).describe("Where backups are restored to"),
  }),
  production: z
    .boolean()
    .default(true)
    .describe("false: staging, a developer's copy, an export; no production canary may be found there"),
  stopBy: Rung.optional().describe("The highest rung at which being stopped still counts as isolation"),
  addressFamilies: z
    .array(AddressFamily)
    .min(1)
    .default([4, 6])
    .describe("Which address families it listens on"),
  waivers: z.array(Waiver).default([]),
};

const SystemBase = z.strictObject({
  ...systemShape,
  kind: z.string(),
  endpoint: z.looseObject({}),
  checks: z.array(z.string()).optional(),
});
export type System = z.infer<typeof SystemBase> & { perRegion?: Record<string, Record<string, unknown>> };

export interface ResidencyMap {
  title: string;
  attempts: { deadlineMs: number };
  private?: z.infer<typeof Private> | undefined;
  regions: Record<string, Region>;
  systems: System[];
}

/** The whole schema for the kinds that the probes declare; the JSON Schema is generated from it. */
export function residencyMapSchema(kinds: readonly SystemKind[]) {
  const [first, ...rest] = kinds.map((kind) =>
    z.strictObject({
      ...systemShape,
      kind: z.literal(kind.kind),
      endpoint: kind.endpoint,
      checks: z
        .array(z.enum(kind.checks.map(({ probe }) => probe)))
        .min(1)
        .optional()
        .describe("Only these probes of the kind; left out: all of them. What is left out is not claimed"),
      perRegion: z
        .record(RegionId, overridesOf(kind.endpoint))
        .optional()
        .describe("Where one region's endpoint differs from `endpoint`"),
    }),
  );
  if (!first) throw new TypeError("a residency map needs at least one probe kind");
  return z.strictObject({
    $schema: z.string().optional(),
    title: text.describe("Whose map this is"),
    attempts: z
      .strictObject({
        deadlineMs: z
          .int()
          .min(100)
          .max(60_000)
          .describe("How long an attempt waits for an answer at least, in ms"),
      })
      .default({ deadlineMs: 4000 }),
    private: Private.optional().describe("What published evidence may not hold: see `run --redact`"),
    regions: z
      .record(RegionId, Region)
      .refine((all) => Object.keys(all).length > 0, "at least one region")
      .describe("The deployments that must keep their data"),
    systems: z
      .array(z.discriminatedUnion("kind", [first, ...rest]))
      .describe("Every place customer data can land"),
  });
}

/** Every key optional and none filled in, so that an override changes only what it names. */
function overridesOf(endpoint: z.ZodObject): z.ZodObject {
  const bare = Object.entries(endpoint.shape).map(
    ([key, field]) => [key, (field instanceof z.ZodDefault ? field.unwrap() : field) as z.ZodType] as const,
  );
  return z.strictObject(Object.fromEntries(bare)).partial();
}

export function homesOf(system: System, map: ResidencyMap): string[] {
  return system.home === "each-region" ? Object.keys(map.regions) : [system.home].flat();
}

/** The endpoint of a system in one of its home regions, `{region}` and `{REGION}` filled in. */
export function endpointOf(system: System, region: string): Record<string, unknown> {
  const capitals = region.toUpperCase().replaceAll("-", "_");
  const named = (text: string) => text.replaceAll("{region}", region).replaceAll("{REGION}", capitals);
  return filled({ ...system.endpoint, ...system.perRegion?.[region] }, named) as Record<string, unknown>;
}

/** Whether a region's endpoint says what a check needs. */
export function hasKey({ endpoint, perRegion }: System, region: string, key: string | undefined): boolean {
  return key === undefined || key in endpoint || key in (perRegion?.[region] ?? {});
}

function filled(value: unknown, named: (text: string) => string): unknown {
  if (typeof value === "string") return value.includes("{") ? named(value) : value;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((one) => filled(one, named));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [named(key), filled(one, named)]));
}
