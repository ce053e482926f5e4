import { isIP } from "node:net";
import type { Link } from "../core/journal.ts";
import { legibleText } from "./legible.ts";

/** One login that a bastion let in, as its own record has it. */
export interface Access {
  user: string;
  address: string;
  port: number;
  at: string;
}

/** Both ends of a session, as the server sees them. sshd(8), SSH_CONNECTION: client address and port, server
 *  address and port. */
export interface SshConnection {
  client: { address: string; port: number };
  server: { address: string };
}

export function readConnection(said: string): SshConnection | null {
  const [client = "", clientPort = "", server = "", serverPort = "", ...more] = said.trim().split(/\s+/);
  if (more.length > 0 || !isIP(plain(client)) || !isIP(plain(server))) return null;
  if (!isPort(clientPort) || !isPort(serverPort)) return null;
  return {
    client: { address: plain(client), port: Number(clientPort) },
    server: { address: plain(server) },
  };
}

const entry = /^(\S.{0,80}?) sshd(?:-session)?\[\d{1,10}\]: (.*)$/;
const accepted = /^Accepted \S{1,64} for (\S{1,64}) from (\S{2,64}) port (\d{1,5})(?: ssh2(?:: .{0,200})?)?$/;

/** Every login that the record of sshd shows; what sshd writes besides is not about who came in. Throws
 *  RECORD_UNREADABLE at an "Accepted" that it cannot read, because that may be the one that matters. */
export function readRecord(text: string): Access[] {
  return text.split("\n").flatMap((line) => {
    const [, at = "", said = ""] = entry.exec(line.replace(/\r$/, "")) ?? [];
    if (!said.startsWith("Accepted ")) return /\bAccepted\b/.test(line) && said === "" ? unreadable() : [];
    const [, user = "", address = "", port = ""] = accepted.exec(said) ?? [];
    if (!isIP(plain(address)) || !isPort(port)) return unreadable();
    return [{ user, address: plain(address), port: Number(port), at: at.split(" ")[0] ?? "" }];
  });
}

function unreadable(): never {
  throw Object.assign(new Error("a login that cannot be read"), { code: "RECORD_UNREADABLE" });
}

/** sshd that listens on IPv6 alone writes an IPv4 client as mapped. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;
}

const mostAccesses = 400;

/** Whose logins are known. `operators`: account → the region whose operator uses it. */
export interface Known {
  operators: Readonly<Record<string, string>>;
  /** Accounts of no region's operator, which may come from the own addresses. */
  others: readonly string[];
  /** The account that other regions' attempts use: those attempts are judged by themselves. */
  canary: string;
}

/** One link for each account and source address, with its latest time. An account that the map does not know
 *  is a second link, to nowhere: nobody can say for whom it came. */
export function accessLinks(accesses: readonly Access[], known: Known): Link[] {
  const latest = new Map<string, Access>();
  for (const access of accesses) {
    if (access.user !== known.canary) latest.set(`${access.user} ${access.address}`, access);
  }
  if (latest.size > mostAccesses)
    throw Object.assign(new Error("too much to look at"), { code: "SEARCH_TRUNCATED" });
  return [...latest.values()].flatMap((access) => {
    const { user, address, at } = access;
    const region = Object.hasOwn(known.operators, user) ? known.operators[user] : undefined;
    const peer = legibleText(`${user} from ${address} at ${at}`);
    const link = {
      what: "an SSH login",
      peer,
      addresses: [address],
      ...(region === undefined ? {} : { region }),
    };
    if (region !== undefined || known.others.includes(user)) return [link];
    return [link, { what: "the account behind", peer, addresses: [] }];
  });
}
