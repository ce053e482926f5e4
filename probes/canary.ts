import { randomBytes } from "node:crypto";
import { sha256 } from "../core/digest.ts";
import { readingsOf } from "./readings.ts";

/** Every canary has this length, so that a search may skip by size whatever cannot be one. */
export const canaryLength = 60;
const prefix = "ringfence-canary-";
const pattern = /^ringfence-canary-[A-Za-z0-9_-]{43}$/;

/** 256 unguessable bits. */
export function newCanary(): string {
  return prefix + randomBytes(32).toString("base64url");
}

/** The digest of a canary; undefined for anything that is not one, so that no other data is ever digested. */
export function canaryDigest(value: unknown): string | undefined {
  return typeof value === "string" && pattern.test(value) ? sha256(value) : undefined;
}

/** The digests of all canaries in a text, whatever stands around them, or is wrapped around them; each once. */
export function canariesIn(text: string): string[] {
  const readings = readingsOf(text, { shortest: canaryLength });
  const found = readings.flatMap((one) => one.match(/ringfence-canary-[A-Za-z0-9_-]{43}/g) ?? []);
  return [...new Set(found)].map(sha256);
}
