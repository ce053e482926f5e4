import { RingfenceError } from "../../core/errors.ts";

/** An address that a token may be sent to: HTTPS, or this very machine. Throws SIGNER_INVALID without repeating
 *  the address, because a password may be in it. */
export function requireSafe(address: string | undefined, what: string): string | undefined {
  if (address === undefined) return undefined;
  const url = URL.parse(address);
  const here = url && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && here);
  if (safe && !url?.username && !url?.password) return address.replace(/\/+$/, "");
  throw new RingfenceError("SIGNER_INVALID", `${what} is at no address that a token may be sent to`, {
    fix: "write https://HOST, without a user or a password",
  });
}
