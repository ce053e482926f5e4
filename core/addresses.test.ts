import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inBlocks, overlap, parseCidr } from "./addresses.ts";

const v4Block = fc
  .tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
  .map(([base, prefix]) => `${base}/${prefix}`);
const v6Block = fc
  .tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }))
  .map(([base, prefix]) => `${base}/${prefix}`);
const anyBlock = fc.oneof(v4Block, v6Block);

describe("a CIDR block", () => {
  test.each([
    ["10.10.0.0/16", { address: "10.10.0.0", prefix: 16, version: 4 }],
    ["0.0.0.0/0", { address: "0.0.0.0", prefix: 0, version: 4 }],
    ["fd10:10::/48", { address: "fd10:10::", prefix: 48, version: 6 }],
    ["::/0", { address: "::", prefix: 0, version: 6 }],
  ])("%s is one", (text, parsed) => expect(parseCidr(text)).toEqual(parsed));

  test.each([
    "",
    "10.10.0.0",
    "10.10.0.0/33",
    "fd10::/129",
    "10.10.0/16",
    "10.10.0.0/-1",
    "10.10.0.0/1.5",
    "here/16",
    "10.10.0.0/16 ",
    "fe80::1%eth0/64",
  ])("%j is none", (text) => expect(parseCidr(text)).toBeNull());

  test("whatever the text is, reading it never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCidr(text)));
  });
});

describe("an address lies in a block", () => {
  test.each([
    ["10.10.255.255", ["10.10.0.0/16"], true],
    ["10.11.0.0", ["10.10.0.0/16"], false],
    ["10.11.0.0", ["10.10.0.0/16", "10.11.0.0/16"], true],
    ["fd10:10::1", ["10.10.0.0/16", "fd10:10::/48"], true],
    ["fd10:11::1", ["fd10:10::/48"], false],
    ["fd10:10::1%eth0", ["fd10:10::/48"], true],
    ["::ffff:10.10.0.1", ["10.10.0.0/16"], true],
    ["::FFFF:10.11.0.1", ["10.10.0.0/16"], false],
    ["::ffff:a0a:1", ["10.10.0.0/16"], true],
    ["10.10.0.1", ["not a block"], false],
    ["a-name", ["0.0.0.0/0", "::/0"], false],
    ["10.10.0.1", [], false],
  ])("%s in %j: %s", (address, blocks, expected) => expect(inBlocks(address, blocks)).toBe(expected));

  test("an IPv4-mapped address is where its IPv4 address is", () => {
    fc.assert(
      fc.property(fc.ipV4(), v4Block, (address, block) => {
        expect(inBlocks(`::ffff:${address}`, [block])).toBe(inBlocks(address, [block]));
      }),
    );
  });
});

describe("two blocks overlap", () => {
  test.each([
    ["10.10.0.0/16", "10.10.128.0/17", true],
    ["10.10.0.0/16", "10.11.0.0/16", false],
    ["10.0.0.0/8", "10.10.0.0/16", true],
    ["10.10.5.5/8", "10.10.0.0/16", true],
    ["fd10:10::/48", "fd10::/16", true],
    ["fd10:10::/48", "fd10:20::/48", false],
    ["0.0.0.0/0", "::/0", false],
    ["nonsense", "10.0.0.0/8", false],
  ])("%s and %s: %s", (a, b, expected) => expect(overlap(a, b)).toBe(expected));

  test("whichever is named first", () => {
    fc.assert(
      fc.property(anyBlock, anyBlock, (a, b) => {
        expect(overlap(a, b)).toBe(overlap(b, a));
      }),
    );
  });
  test("with itself", () => {
    fc.assert(
      fc.property(anyBlock, (block) => {
        expect(overlap(block, block)).toBe(true);
      }),
    );
  });
  test("where an address lies in both", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), fc.nat(32), (address, a, b) => {
        expect(overlap(`${address}/${a}`, `${address}/${b}`)).toBe(true);
      }),
    );
  });
});
