import dns from "node:dns/promises";
import { isIP } from "node:net";
import type { Outcome } from "../core/vocabulary.ts";

export type Addresses = { found: string[] } | { outcome: Outcome };

/** Asks the way every client does (getaddrinfo), and the name server itself when that finds nothing:
 *  getaddrinfo cannot tell "no such name" from "no name server". */
export async function resolve(host: string, family: 4 | 6): Promise<Addresses> {
  try {
    const found = await dns.lookup(host, { family, all: true });
    return { found: [...new Set(found.map(({ address }) => address))] };
  } catch {
    return { outcome: await classifyName(host, family) };
  }
}

async function classifyName(host: string, family: 4 | 6): Promise<Outcome> {
  const resolver = new dns.Resolver({ timeout: 1000, tries: 2 });
  try {
    await (family === 4 ? resolver.resolve4(host) : resolver.resolve6(host));
    return { kind: "faulted", code: "EAI_AGAIN" };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "UNKNOWN";
    if (code === "ETIMEOUT") return { kind: "silent", rung: "name" };
    const refusal = code === "ENOTFOUND" || code === "ENODATA" || code === "EREFUSED";
    return refusal ? { kind: "refused", rung: "name", code } : { kind: "faulted", code };
  }
}

/** Where a peer is that a system named; empty where the name leads nowhere. */
export async function addressesOf(host: string): Promise<string[]> {
  if (!/^[A-Za-z0-9._:-]{1,253}$/.test(host)) return [];
  if (isIP(host) !== 0) return [host];
  const found = await dns.lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => address).slice(0, 64);
}
