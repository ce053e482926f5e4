import { BlockList, isIP } from "node:net";

/** A parsed CIDR block; null where the text is none, or has host bits beyond its prefix's range. */
export function parseCidr(text: string): { address: string; prefix: number; version: 4 | 6 } | null {
  const match = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text);
  if (!match?.[1] || !match[2]) return null;
  const version = isIP(match[1]);
  const prefix = Number(match[2]);
  if ((version !== 4 && version !== 6) || prefix > (version === 4 ? 32 : 128)) return null;
  return { address: match[1], prefix, version };
}

/** A block, or an address with its block before it, of which only a salted digest was published. */
const redacted = /^(ipv[46]-[0-9a-f]{8})(-[0-9a-f]{16})?$/;

export function isBlock(text: string): boolean {
  return parseCidr(text) !== null || redacted.test(text);
}

/** IPv4-mapped IPv6 counts as IPv4, and a zone is no part of an address. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
}

/** Whether an address lies in one of the blocks. */
export function inBlocks(address: string, cidrs: readonly string[]): boolean {
  const plain = plainAddress(address);
  const version = isIP(plain);
  if (version === 0) return cidrs.includes(redacted.exec(address)?.[1] ?? "");
  const blocks = new BlockList();
  for (const cidr of cidrs) {
    const block = parseCidr(cidr);
    if (block) blocks.addSubnet(block.address, block.prefix, block.version === 4 ? "ipv4" : "ipv6");
  }
  return blocks.check(plain, version === 4 ? "ipv4" : "ipv6");
}

/** Two blocks overlap exactly when one holds the other's base address; of digests only equal ones are known to. */
export function overlap(a: string, b: string): boolean {
  if (a === b) return true;
  const left = parseCidr(a);
  const right = parseCidr(b);
  if (!left || !right || left.version !== right.version) return false;
  return inBlocks(left.address, [b]) || inBlocks(right.address, [a]);
}
