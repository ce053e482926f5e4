import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeLogin } from "../fixtures/bastion/record.ts";
import { accessLinks, readConnection, readRecord } from "./ssh-record.ts";
import { sshOnly } from "./ssh-session.ts";

const aLogin = fc.record({
  granted: fc.boolean(),
  method: fc.constantFrom("publickey", "password", "keyboard-interactive/pam"),
  user: fc.stringMatching(/^[a-z][a-z0-9_.-]{0,30}$/),
  ip: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65535 }),
});

describe("the record of sshd", () => {
  test("every login that was let in is read, and no other", () => {
    fc.assert(
      fc.property(fc.array(aLogin), (logins) => {
        const read = readRecord(logins.map(writeLogin).join(""));
        const granted = logins.filter((login) => login.granted);
        expect(read.map(({ user, port }) => ({ user, port }))).toEqual(
          granted.map(({ user, port }) => ({ user, port })),
        );
      }),
    );
  });

  test.each([
    [
      "OpenSSH 9.2, journalctl -o short-iso",
      "2026-11-22T12:00:00+0000 gw-1 sshd[812]: Accepted publickey for alice from 10.10.1.7 port 50122 ssh2: ED25519 SHA256:abc",
      { user: "alice", address: "10.10.1.7", port: 50122, at: "2026-11-22T12:00:00+0000" },
    ],
    [
      "OpenSSH 9.9, whose sessions have a name of their own",
      "2026-11-22T12:00:00+0000 gw-1 sshd-session[812]: Accepted password for bob from fd10:10::7 port 1 ssh2",
      { user: "bob", address: "fd10:10::7", port: 1 },
    ],
    [
      "syslog, and an IPv4 client on an IPv6 socket",
      "Nov 22 12:00:00 gw-1 sshd[8]: Accepted password for bob from ::ffff:10.10.1.7 port 22 ssh2",
      { user: "bob", address: "10.10.1.7" },
    ],
  ])("as of %s", (_what, line, access) => {
    expect(readRecord(`${line}\n`)).toEqual([expect.objectContaining(access)]);
  });

  test.each([
    ["an address that is none", "x sshd[1]: Accepted publickey for a from host.example port 1 ssh2"],
    ["a port that is none", "x sshd[1]: Accepted publickey for a from 10.0.0.1 port 99999 ssh2"],
    ["more behind it", "x sshd[1]: Accepted publickey for a from 10.0.0.1 port 1 ssh2 and so on"],
    ["another writer", "x dropbear[1]: Accepted publickey for a from 10.0.0.1 port 1 ssh2"],
    ["no writer", "Accepted publickey for a from 10.0.0.1 port 1 ssh2"],
  ])("a login with %s makes the whole record unreadable, because that one may matter", (_what, line) => {
    expect(() => readRecord(line)).toThrow(expect.objectContaining({ code: "RECORD_UNREADABLE" }));
  });

  test("a user's name in another message cannot pass for a login", () => {
    const line =
      "x sshd[1]: Invalid user y sshd[1]: Accepted publickey for operator-eu from 10.10.0.1 port 1";
    expect(readRecord(line)).toEqual([]);
  });

  test("whatever it holds, it is read or called unreadable", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          readRecord(text);
        } catch (error) {
          expect(error).toMatchObject({ code: "RECORD_UNREADABLE" });
        }
      }),
    );
  });
});

describe("links", () => {
  const known = { operators: { "operator-us": "us" }, others: ["auditor"], canary: "canary" };
  const access = (user: string, at = "2026-11-22T12:00:00Z") => ({
    user,
    address: "10.10.1.10",
    port: 1,
    at,
  });

  test("one for each account and address, with the latest time", () => {
    const links = accessLinks([access("auditor", "a"), access("auditor", "b"), access("canary")], known);
    expect(links).toEqual([
      { what: "an SSH login", peer: "auditor from 10.10.1.10 at b", addresses: ["10.10.1.10"] },
    ]);
  });

  test("an account of Object's own is no operator", () => {
    expect(accessLinks([access("constructor")], known).map(({ addresses }) => addresses.length)).toEqual([
      1, 0,
    ]);
  });

  test("more than can be looked at is not looked at in part", () => {
    const many = Array.from({ length: 500 }, (_, index) => access(`user-${index}`));
    expect(() => accessLinks(many, known)).toThrow(expect.objectContaining({ code: "SEARCH_TRUNCATED" }));
  });
});

describe("SSH_CONNECTION", () => {
  test("both ends", () => {
    expect(readConnection("10.0.0.1 5 ::ffff:10.0.0.2 22\n")).toEqual({
      client: { address: "10.0.0.1", port: 5 },
      server: { address: "10.0.0.2" },
    });
  });

  test.each(["", "10.0.0.1 5 10.0.0.2", "10.0.0.1 5 bastion 22", "10.0.0.1 0 10.0.0.2 22", "a 1 b 2 c"])(
    "%j says nothing",
    (said) => expect(readConnection(said)).toBeNull(),
  );
});

describe("the identification", () => {
  const whole = (...chunks: string[]) => {
    const check = sshOnly();
    return chunks.map((chunk) => check(Buffer.from(chunk, "latin1"))).find((code) => code !== null) ?? null;
  };

  test("is accepted however it is cut, with lines before it and anything behind it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 60 })), (cuts) => {
        const text = "Welcome\r\nto the bastion\r\nSSH-2.0-OpenSSH_9.2 Debian\r\n\0\0\x01\xff";
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        expect(whole(...at.slice(1).map((end, index) => text.slice(at[index], end)))).toBeNull();
      }),
    );
  });

  test.each([
    ["SSH 1", "SSH-1.5-old\r\n"],
    ["a name without an end of 10 kB", "S".repeat(10_000)],
    ["endless lines before it", "hello\r\n".repeat(1000)],
    ["zero bytes", "\0\0\0"],
    ["an escape in it", "SSH-2.0-\u001b[2J\r\n"],
  ])("%s is not SSH", (_what, text) => expect(whole(text)).toBe("NOT_SSH"));
});
