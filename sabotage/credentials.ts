import { randomBytes } from "node:crypto";
import type { ReplicaState } from "../environments/replica/state.ts";
import { crossing, type Footing, far, home, type Kind, resultOf, type Sabotage } from "./record.ts";
import { redis, sql, systemOf } from "./systems.ts";
import { undoable } from "./undo.ts";

type Place = "at home" | "abroad" | "both";
type Spoil = "wrong" | "empty" | "revoked";
const places: readonly Place[] = ["at home", "abroad", "both"];
const secured = ["postgres", "redis", "s3"] as const;

const capitals = (text: string) => text.toUpperCase().replaceAll("-", "_");

/** Which of the credentials that the home region's process holds: its own, the far region's, or both. */
function isAt(place: Place, name: string, kind: Kind): boolean {
  const of = (region: string) => name.startsWith(`${capitals(region)}_${capitals(systemOf[kind])}_`);
  return (place !== "abroad" && of(home)) || (place !== "at home" && of(far));
}

/** The state, with credentials of the home region's process spoilt. A revoked S3 key is one that nobody
 *  knows any more; a wrong one has another secret. */
function spoilt(
  state: ReplicaState,
  { kind, place, spoil }: { kind: Kind; place: Place; spoil: Spoil },
): ReplicaState {
  const held = Object.entries(state.credentials[home] ?? {});
  const values = {
    wrong: randomBytes(24).toString("base64url"),
    empty: "",
    revoked: `AKIA${"A".repeat(16)}`,
  };
  const concerns = (name: string) =>
    isAt(place, name, kind) &&
    (kind !== "s3" || spoil === "empty" || name.endsWith("ACCESS_KEY_ID") === (spoil === "revoked"));
  const changed = held.filter(([name]) => concerns(name));
  if (changed.length === 0) throw new Error(`there is no ${kind} credential ${place}`);
  const credentials = Object.fromEntries([
    ...held,
    ...changed.map(([name]) => [name, values[spoil]] as const),
  ]);
  return { ...state, credentials: { ...state.credentials, [home]: credentials } };
}

/** Attempts from home that present one of the spoilt credentials. */
function presenting(place: Place): Footing {
  return (verdict) =>
    crossing(verdict) &&
    verdict.item.from.region === home &&
    ((place !== "at home" &&
      verdict.item.vector.credentials === "target" &&
      verdict.item.probe !== "s3-presigned") ||
      (place !== "abroad" && verdict.item.vector.credentials === "own"));
}

const held = secured.flatMap((kind) =>
  (kind === "s3" ? (["wrong", "empty", "revoked"] as const) : (["wrong", "empty"] as const)).flatMap(
    (spoil) =>
      places.map(
        (place): Sabotage => ({
          id: `credentials/${spoil}-${place.replace(" ", "-")}/${kind}`,
          kind,
          title: `${spoil} credentials ${place}, in the hands of ${home}`,
          async run({ state, prove }) {
            const judged = await prove({ kind, state: spoilt(state, { kind, place, spoil }) });
            return resultOf(judged.judgement, presenting(place));
          },
        }),
      ),
  ),
);

interface Revocation {
  spoil: "expired" | "revoked";
  kind: "postgres" | "redis";
  act(state: ReplicaState, region: string): Promise<unknown>;
  undo(state: ReplicaState, region: string): Promise<unknown>;
}

const roles = ["orders_app", "ringfence_canary", "orders_replication", "ringfence_auditor"];
const eachRole = (clause: string) => roles.map((role) => `ALTER ROLE ${role} ${clause}`).join("; ");
const users = ["web_app", "ringfence_canary", "ringfence_auditor"];
const eachUser = async (state: ReplicaState, region: string, word: "on" | "off") => {
  for (const user of users) await redis(state, region, "ACL", "SETUSER", user, word);
};

const revocations: readonly Revocation[] = [
  {
    spoil: "expired",
    kind: "postgres",
    act: (state, region) => sql(state, region, eachRole("VALID UNTIL '2001-01-01'")),
    undo: (state, region) => sql(state, region, eachRole("VALID UNTIL 'infinity'")),
  },
  {
    spoil: "revoked",
    kind: "postgres",
    act: (state, region) => sql(state, region, eachRole("NOLOGIN")),
    undo: (state, region) => sql(state, region, eachRole("LOGIN")),
  },
  {
    spoil: "revoked",
    kind: "redis",
    act: (state, region) => eachUser(state, region, "off"),
    undo: (state, region) => eachUser(state, region, "on"),
  },
];

const regionsOf = { "at home": [home], abroad: [far], both: [home, far] } as const satisfies Record<
  Place,
  readonly string[]
>;

const revoked = revocations.flatMap(({ spoil, kind, act, undo }) =>
  places.map(
    (place): Sabotage => ({
      id: `credentials/${spoil}-${place.replace(" ", "-")}-by-server/${kind}`,
      kind,
      title: `credentials ${spoil} by the server ${place}`,
      async run({ state, prove }) {
        const regions = regionsOf[place];
        await using _revoked = await undoable(
          async () => {
            for (const region of regions) await act(state, region);
          },
          async () => {
            for (const region of regions) await undo(state, region);
          },
        );
        const judged = await prove({ kind });
        return resultOf(
          judged.judgement,
          (verdict) => crossing(verdict) && verdict.item.vector.credentials !== "none",
        );
      },
    }),
  ),
);

export const credentials: readonly Sabotage[] = [...held, ...revoked];
