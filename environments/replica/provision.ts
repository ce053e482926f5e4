import { generateKeyPairSync, randomBytes } from "node:crypto";
import { RingfenceError } from "../../core/errors.ts";
import type { Placement } from "./topology.ts";

/** What the replica makes up for one placement: the secrets behind its references, and its canary. */
export interface Provision {
  placement: Placement;
  /** Value behind each `env:NAME` of the endpoint, by NAME. */
  secrets: Record<string, string>;
  /** The NAMEs that every region may hold: the canary credentials. */
  shared: string[];
  canary: string;
  /** The break-glass login: `user` where the system has users, `accessKeyId` where it has keys. */
  admin: { user: string; accessKeyId: string; password: string };
}

type Fields = Record<string, string>;

export function provision(placement: Placement, canary: string): Provision {
  const secrets: Record<string, string> = {};
  const shared: string[] = [];
  for (const [role, fields] of Object.entries(credentialsOf(placement))) {
    for (const [field, reference] of Object.entries(fields).filter(([, value]) =>
      /^(env|file):/.test(value),
    )) {
      const name = variableName(reference, placement);
      secrets[name] = madeUp(field, canary);
      if (role === "canary") shared.push(name);
    }
  }
  const admin = {
    user: "ringfence_admin",
    accessKeyId: `AKIA${base32(16)}`,
    password: randomBytes(24).toString("base64url"),
  };
  return { placement, secrets, shared, canary, admin };
}

/** A value of the form that its field asks for. */
function madeUp(field: string, canary: string): string {
  switch (field) {
    case "accessKeyId":
      return `AKIA${base32(16)}`;
    case "privateKey":
      return generateKeyPairSync("ec", { namedCurve: "P-256" })
        .privateKey.export({ type: "sec1", format: "pem" })
        .toString();
    case "mailbox":
      return canary;
    default:
      return randomBytes(24).toString("base64url");
  }
}

/** One role's credential fields, with the made-up values in place of their references. */
export function credentialOf({ placement, secrets }: Provision, role: string): Fields {
  const fields = credentialsOf(placement)[role] ?? {};
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, secrets[value.replace(/^env:/, "")] ?? value]),
  );
}

function credentialsOf(placement: Placement): Record<string, Fields> {
  return (placement.endpoint.credentials ?? {}) as Record<string, Fields>;
}

function variableName(reference: string, { system }: Placement): string {
  if (reference.startsWith("env:")) return reference.slice(4);
  throw new RingfenceError(
    "REPLICA_UNSUPPORTED",
    `the replica makes up its own secrets, and "${system.id}" keeps one in ${reference}`,
    {
      fix: "refer to it as env:NAME in the map that the replica runs",
    },
  );
}

function base32(length: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return Array.from(randomBytes(length), (byte) => letters[byte % 32]).join("");
}
