import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import tls, { createSecureContext, TLSSocket } from "node:tls";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { type Certificate, createAuthority } from "../environments/replica/certificates.ts";
import { type RelaySettings, startMailRelay } from "../fixtures/mail-relay/mail-relay.ts";
import { type AnAttempt, anAttempt } from "../tests/an-attempt.ts";
import { newCanary } from "./canary.ts";
import type { Probe } from "./probe.ts";
import { smtp } from "./smtp.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

let certificate: Certificate;
let otherCertificate: Certificate;
beforeAll(async () => {
  const authority = await createAuthority();
  certificate = await authority.issue(["localhost"]);
  otherCertificate = await authority.issue(["smtp.elsewhere.example"]);
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), authority.ca]);
});

const mailbox = newCanary();
const secrets = { "env:OWN": "own-password", "env:CANARY": "canary-password", "env:MAILBOX": mailbox };

function endpointAt(port: number, more: Record<string, unknown> = {}) {
  return {
    host: "localhost",
    port,
    tls: "starttls",
    domain: "eu.acme.example",
    sender: "ringfence",
    credentials: {
      own: { user: "notifications", password: "env:OWN" },
      canary: { user: "canary", password: "env:CANARY", mailbox: "env:MAILBOX" },
    },
    ...more,
  };
}

function attempted(check: string, endpoint: Record<string, unknown>, rest: Partial<AnAttempt> = {}) {
  return anAttempt({ probe: smtp as unknown as Probe, check, endpoint, secrets, ...rest });
}

const asItShouldBe: RelaySettings = {
  domain: "eu.acme.example",
  mailboxes: [mailbox],
  users: [
    { user: "notifications", password: "own-password" },
    { user: "canary", password: "canary-password" },
  ],
  open: false,
};

async function aRelay(
  changes: Partial<RelaySettings> = {},
  { implicitTls = false, name = "localhost", other = false } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-relay-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  const settingsFile = join(folder, "settings");
  writeFileSync(settingsFile, JSON.stringify({ ...asItShouldBe, ...changes }));
  const relay = await startMailRelay({
    name,
    tls: other ? otherCertificate : certificate,
    implicitTls,
    listen: [{ address: "127.0.0.1", port: 0 }],
    settingsFile,
  });
  closing.push(() => relay[Symbol.asyncDispose]());
  return { relay, endpoint: endpointAt(relay.ports[0] ?? 0, implicitTls ? { tls: "implicit" } : {}) };
}

describe("an envelope", () => {
  test.each([
    ["own", false],
    ["target", false],
    ["own", true],
  ] as const)(
    "with %s credentials is accepted (implicit TLS: %s), and no message is handed over",
    async (credentials, implicitTls) => {
      const { relay, endpoint } = await aRelay({}, { implicitTls });
      expect(await attempted("smtp", endpoint, { credentials })).toMatchObject({
        climbed: "authorization",
        outcome: { kind: "reached", rung: "authorization" },
      });
      expect(relay.messages()).toBe(0);
    },
  );

  test("after a refused login is refused at authentication: the network and TLS let it through", async () => {
    const { endpoint } = await aRelay({ users: [] });
    expect(await attempted("smtp", endpoint)).toMatchObject({
      climbed: "tls",
      outcome: { kind: "refused", rung: "authentication", code: "SMTP_535" },
    });
  });

  test("on a relay that is open to everybody is accepted, though it refused the login", async () => {
    const { endpoint } = await aRelay({ users: [], open: true });
    expect((await attempted("smtp", endpoint)).outcome).toEqual({ kind: "reached", rung: "authorization" });
  });

  test("for a mailbox that the relay does not know is refused at authorization", async () => {
    const { endpoint } = await aRelay({ mailboxes: [] });
    expect(await attempted("smtp", endpoint)).toMatchObject({
      climbed: "authentication",
      outcome: { kind: "refused", rung: "authorization", code: "SMTP_550" },
    });
  });

  test("for a mailbox with a line break is never sent, because it would be a command", async () => {
    const { endpoint } = await aRelay();
    const evil = { ...secrets, "env:MAILBOX": "a>\r\nDATA\r\n<b" };
    expect((await attempted("smtp", endpoint, { secrets: evil })).outcome).toEqual({
      kind: "faulted",
      code: "MAILBOX_UNUSABLE",
    });
  });

  test("a certificate for another name: nothing is told to that server", async () => {
    const { endpoint } = await aRelay({}, { other: true });
    expect(await attempted("smtp", endpoint)).toMatchObject({
      climbed: "network",
      outcome: { kind: "faulted", code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
  });
});

describe("the wiring", () => {
  test("the own relay knows the canary mailbox, and its name leads to where it was reached", async () => {
    const { relay, endpoint } = await aRelay();
    const { outcome, findings } = await attempted("smtp-wiring", endpoint);
    expect(outcome).toEqual({ kind: "reached", rung: "data", canary: sha256(mailbox) });
    expect(findings?.canaries).toEqual([sha256(mailbox)]);
    expect(findings?.servedFrom?.addresses).toContain("127.0.0.1");
    expect(relay.messages()).toBe(0);
  });

  test("a relay that takes every mailbox proves nothing", async () => {
    const { endpoint } = await aRelay({ domain: "another.example" });
    expect((await attempted("smtp-wiring", endpoint)).outcome).toEqual({
      kind: "reached",
      rung: "authorization",
    });
  });

  test("a relay whose name leads nowhere has not said where it is", async () => {
    const { endpoint } = await aRelay({}, { name: "no-such-host.invalid" });
    expect((await attempted("smtp-wiring", endpoint)).findings?.servedFrom).toBeUndefined();
  });

  test("a relay of another place is told by its greeting, even where its certificate ends the talk", async () => {
    const { endpoint } = await aRelay({}, { other: true, name: "203.0.113.9" });
    const { outcome, findings } = await attempted("smtp-wiring", endpoint);
    expect(outcome).toMatchObject({ kind: "faulted", code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    expect(findings?.servedFrom?.addresses).toEqual(["127.0.0.1", "203.0.113.9"]);
  });
});

/** A server that answers what the script says, in the clear until STARTTLS, and writes down what it heard. */
async function aScript(
  answers: Readonly<Record<string, string>>,
  { greeting = "220 localhost ESMTP\r\n", implicitTls = false } = {},
) {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const secureContext = createSecureContext(certificate);
  const usual: Record<string, string> = {
    EHLO: "250-localhost\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
    STARTTLS: "220 go ahead\r\n",
    AUTH: "235 welcome\r\n",
    MAIL: "250 ok\r\n",
    RCPT: "250 ok\r\n",
    RSET: "250 ok\r\n",
  };
  const talk = (wire: Duplex, socket: Socket, secured: boolean) => {
    wire.on("error", () => {});
    wire.on("data", function take(data: Buffer) {
      const command = data.toString("latin1");
      heard.push(`${secured ? "secret" : "plain"} ${command.trim()}`);
      const verb = command.split(/[ \r]/)[0] ?? "";
      wire.write(answers[verb] ?? usual[verb] ?? "500 what?\r\n");
      if (verb !== "STARTTLS") return;
      wire.off("data", take);
      talk(new TLSSocket(socket, { isServer: true, secureContext }), socket, true);
    });
  };
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    const wire = implicitTls ? new TLSSocket(socket, { isServer: true, secureContext }) : socket;
    wire.write(greeting);
    talk(wire, socket, implicitTls);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { endpoint: endpointAt((server.address() as AddressInfo).port), heard };
}

describe("what a relay answers", () => {
  test.each<[string, Record<string, string>, string, Record<string, unknown>]>([
    [
      "no such user",
      { RCPT: "550 no\r\n" },
      "authentication",
      { kind: "refused", rung: "authorization", code: "SMTP_550" },
    ],
    [
      "relaying denied",
      { RCPT: "554 no\r\n" },
      "authentication",
      { kind: "refused", rung: "authorization", code: "SMTP_554" },
    ],
    [
      "come back later",
      { RCPT: "451 greylisted\r\n" },
      "authentication",
      { kind: "faulted", code: "SMTP_451" },
    ],
    [
      "log in first",
      { MAIL: "530 no\r\n" },
      "authentication",
      { kind: "refused", rung: "authentication", code: "SMTP_530" },
    ],
    ["a full mailbox", { RCPT: "552 no\r\n" }, "authentication", { kind: "faulted", code: "SMTP_552" }],
    ["an unknown option", { RCPT: "555 no\r\n" }, "authentication", { kind: "faulted", code: "SMTP_555" }],
    ["no mail at all", { RCPT: "556 no\r\n" }, "authentication", { kind: "faulted", code: "SMTP_556" }],
    ["a syntax error", { MAIL: "501 what\r\n" }, "authentication", { kind: "faulted", code: "SMTP_501" }],
    ["a login server that is down", { AUTH: "454 later\r\n" }, "tls", { kind: "faulted", code: "SMTP_454" }],
    [
      "a login in no way we know",
      { EHLO: "250-x\r\n250-STARTTLS\r\n250 AUTH XOAUTH2\r\n" },
      "tls",
      { kind: "faulted", code: "AUTH_NOT_SUPPORTED" },
    ],
    [
      "no login at all",
      { EHLO: "250-x\r\n250 STARTTLS\r\n" },
      "authorization",
      { kind: "reached", rung: "authorization" },
    ],
    [
      "log in first, and no way to",
      { EHLO: "250-x\r\n250 STARTTLS\r\n", MAIL: "530 no\r\n" },
      "tls",
      { kind: "faulted", code: "AUTH_NOT_OFFERED" },
    ],
    [
      "no login, and no envelope without one",
      { AUTH: "535 no\r\n", MAIL: "530 no\r\n" },
      "tls",
      { kind: "refused", rung: "authentication", code: "SMTP_535" },
    ],
    [
      "no login, and an envelope without one later, as a relay does that is open to everybody",
      { AUTH: "535 no\r\n", RCPT: "451 greylisted\r\n" },
      "tls",
      { kind: "faulted", code: "SMTP_451" },
    ],
    ["no TLS today", { STARTTLS: "454 later\r\n" }, "network", { kind: "faulted", code: "SMTP_454" }],
    [
      "no TLS ever",
      { EHLO: "250-x\r\n250 AUTH PLAIN\r\n" },
      "network",
      { kind: "faulted", code: "STARTTLS_NOT_OFFERED" },
    ],
    [
      "two answers to one command",
      { MAIL: "250 ok\r\n250 ok\r\n" },
      "authentication",
      { kind: "faulted", code: "NOT_SMTP" },
    ],
    [
      "half an answer more",
      { MAIL: "250 ok\r\n250-" },
      "authentication",
      { kind: "faulted", code: "NOT_SMTP" },
    ],
  ])("%s", async (_what, answers, climbed, outcome) => {
    const { endpoint } = await aScript(answers);
    const entry = await attempted("smtp", endpoint);
    expect({ climbed: entry.climbed, outcome: entry.outcome }).toEqual({ climbed, outcome });
  });

  test("a plain greeting passes the network and nothing else", async () => {
    const { endpoint } = await aScript({}, { greeting: "554 go away\r\n" });
    expect(await attempted("smtp", endpoint)).toMatchObject({
      climbed: "network",
      outcome: { kind: "faulted", code: "SMTP_554" },
    });
  });

  test("inside TLS a refusal in the greeting is of nobody in particular, and proves nothing", async () => {
    const { endpoint } = await aScript({}, { greeting: "554 go away\r\n", implicitTls: true });
    expect(await attempted("smtp", { ...endpoint, tls: "implicit" })).toMatchObject({
      climbed: "tls",
      outcome: { kind: "faulted", code: "SMTP_554" },
    });
  });

  test.each([
    ["a whole answer", "220 go ahead\r\n250 injected\r\n"],
    ["the answers to all that follows", `220 go ahead\r\n${"250 ok\r\n".repeat(5)}`],
    ["half a line", "220 go ahead\r\n250-"],
  ])("%s in the clear behind STARTTLS is never believed", async (_what, injected) => {
    const { endpoint, heard } = await aScript({ STARTTLS: injected });
    expect(await attempted("smtp", endpoint, { deadlineMs: 500 })).toMatchObject({
      climbed: "network",
      outcome: { kind: "faulted" },
    });
    expect(heard.filter((line) => /AUTH|MAIL|RCPT/.test(line))).toEqual([]);
  });

  test("no password and no address is ever said in the clear, and DATA never", async () => {
    const { endpoint, heard } = await aScript({});
    expect((await attempted("smtp", endpoint)).outcome.kind).toBe("reached");
    await expect.poll(() => heard.at(-1)).toBe("secret QUIT");
    expect(heard.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "plain EHLO",
      "plain STARTTLS",
      "secret EHLO",
      "secret AUTH",
      "secret MAIL",
      "secret RCPT",
      "secret RSET",
      "secret QUIT",
    ]);
  });

  test("a server that asks for the name and the password one by one", async () => {
    const { endpoint, heard } = await aScript({
      EHLO: "250-x\r\n250-STARTTLS\r\n250 AUTH LOGIN\r\n",
      AUTH: "334 VXNlcm5hbWU6\r\n",
      [Buffer.from("notifications").toString("base64")]: "334 UGFzc3dvcmQ6\r\n",
      [Buffer.from("own-password").toString("base64")]: "235 welcome\r\n",
    });
    expect((await attempted("smtp", endpoint)).outcome).toEqual({ kind: "reached", rung: "authorization" });
    expect(heard.every((line) => line.startsWith("secret") || !line.includes("bm90"))).toBe(true);
  });
});
