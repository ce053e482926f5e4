import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { type Account, publicKeyOf, startBastion } from "../fixtures/bastion/bastion.ts";
import { writeLogin } from "../fixtures/bastion/record.ts";
import { anAttempt } from "../tests/an-attempt.ts";
import { hostileSsh } from "../tests/hostile/ssh.ts";
import { newCanary } from "./canary.ts";
import type { Probe } from "./probe.ts";
import { ssh } from "./ssh.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const canary = newCanary();
const operatorKey = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "sec1", format: "pem" })
  .toString();
const secrets = {
  "env:KEY": operatorKey,
  "env:CANARY": "canary-password",
  "env:AUDITOR": "auditor-password",
};

const accounts: Account[] = [
  { name: "operator-eu", publicKey: publicKeyOf(operatorKey), reads: ["ringfence-canary"] },
  {
    name: "canary",
    password: "canary-password",
    reads: ["ringfence-canary"],
    forcedCommand: "cat ringfence-canary",
  },
  { name: "auditor", password: "auditor-password", reads: ["ringfence-canary", "access-record"] },
];

/** A bastion on loopback, and what a test may want to see of it. */
async function aBastion(known: readonly Account[] = accounts) {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-bastion-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  const [accountsFile, recordFile, canaryFile] = ["accounts", "record", "canary"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(accountsFile, JSON.stringify(known));
  writeFileSync(recordFile, "");
  writeFileSync(canaryFile, `${canary}\n`);
  const files = { "ringfence-canary": canaryFile, "access-record": recordFile };
  const bastion = await startBastion({
    listen: [{ address: "127.0.0.1", port: 0 }],
    accountsFile,
    files,
    recordFile,
  });
  closing.push(() => bastion[Symbol.asyncDispose]());
  const endpoint = {
    host: "127.0.0.1",
    port: bastion.ports[0] ?? 0,
    operators: { "operator-eu": "eu", "operator-us": "us" },
    canaryCommand: "cat ringfence-canary",
    recordCommand: "cat access-record",
    credentials: {
      own: { user: "operator-eu", privateKey: "env:KEY" },
      canary: { user: "canary", password: "env:CANARY" },
      auditor: { user: "auditor", password: "env:AUDITOR" },
    },
  };
  return { endpoint, hostKey: bastion.hostKey, recordFile };
}

function attempted(
  check: string,
  endpoint: Record<string, unknown>,
  rest: Partial<Parameters<typeof anAttempt>[0]> = {},
) {
  return anAttempt({ probe: ssh as unknown as Probe, check, endpoint, secrets, ...rest });
}

async function aServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    serve(socket);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

describe("a login", () => {
  test("by key reads the canary", async () => {
    const { endpoint } = await aBastion();
    expect(await attempted("ssh", endpoint)).toMatchObject({
      climbed: "data",
      outcome: { kind: "reached", rung: "data", canary: sha256(canary) },
    });
  });

  test("with the canary account reads the canary, whatever that account asks for", async () => {
    const { endpoint } = await aBastion();
    const asking = { ...endpoint, canaryCommand: "cat /etc/shadow" };
    expect(await attempted("ssh", asking, { credentials: "target" })).toMatchObject({
      outcome: { kind: "reached", rung: "data", canary: sha256(canary) },
    });
  });

  test("that is refused climbed as far as the key exchange: the network let it through", async () => {
    const { endpoint, recordFile } = await aBastion([]);
    expect(await attempted("ssh", endpoint)).toMatchObject({
      climbed: "tls",
      outcome: { kind: "refused", rung: "authentication", code: "LOGIN_REFUSED" },
    });
    expect(readFileSync(recordFile, "utf8")).toMatch(
      / Failed publickey for operator-eu from 127\.0\.0\.1 port /,
    );
  });

  test("that may not read the canary is still a login, and gives no canary", async () => {
    const [operator, ...others] = accounts;
    const { endpoint } = await aBastion([{ ...(operator as Account), reads: [] }, ...others]);
    expect((await attempted("ssh", endpoint)).outcome).toEqual({ kind: "reached", rung: "data" });
  });

  test("goes through where the server has the declared key", async () => {
    const { endpoint, hostKey } = await aBastion();
    expect((await attempted("ssh", { ...endpoint, hostKey })).outcome.kind).toBe("reached");
  });

  test("is never tried on a server with another key, because it may be anybody's", async () => {
    const { endpoint, recordFile } = await aBastion();
    const other = { ...endpoint, hostKey: `SHA256:${"A".repeat(43)}` };
    expect(await attempted("ssh", other, { credentials: "target" })).toMatchObject({
      climbed: "network",
      outcome: { kind: "faulted", code: "HOST_KEY_DIFFERS" },
    });
    expect(readFileSync(recordFile, "utf8")).toBe("");
  });

  test("with a key that is none is our own fault, and sends nothing", async () => {
    const { endpoint } = await aBastion();
    const entry = await attempted("ssh", endpoint, { secrets: { ...secrets, "env:KEY": "not a key" } });
    expect(entry).toMatchObject({ climbed: "network", outcome: { kind: "faulted", code: "CLIENT_ERROR" } });
  });
});

describe("a server that is no bastion", () => {
  test.each<[string, (socket: Socket) => void, Record<string, unknown>]>([
    ["says nothing", () => {}, { kind: "silent", rung: "tls" }],
    ["speaks HTTP", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), { kind: "faulted" }],
    ["speaks SSH 1", (socket) => socket.write("SSH-1.5-old\r\n"), { kind: "faulted", code: "NOT_SSH" }],
    ["resets", (socket) => socket.resetAndDestroy(), { kind: "refused", code: "ECONNRESET" }],
    ["hangs up", (socket) => socket.end(), { kind: "faulted", code: "CLOSED_BY_PEER" }],
    ["disconnects with a reason", (socket) => socket.write("SSH-2.0-x\r\nnot a packet"), { kind: "faulted" }],
  ])("that %s", async (_what, serve, outcome) => {
    const { endpoint } = await aBastion();
    const entry = await attempted("ssh", { ...endpoint, port: await aServer(serve) }, { deadlineMs: 400 });
    expect(entry).toMatchObject({ climbed: "network", outcome });
  });

  test("nothing listens there: refused by the network", async () => {
    const { endpoint } = await aBastion();
    const port = await aServer(() => {});
    await closing.pop()?.();
    expect((await attempted("ssh", { ...endpoint, port })).outcome).toMatchObject({
      kind: "refused",
      rung: "network",
      code: "ECONNREFUSED",
    });
  });
});

describe("a server that keeps to the protocol, and is hostile inside", () => {
  test.each<[string, string, string, Record<string, unknown>]>([
    [
      "ssh",
      "refuses every login, with a banner of markup",
      "tls",
      { kind: "refused", rung: "authentication", code: "LOGIN_REFUSED" },
    ],
    [
      "ssh",
      "lets everybody in and refuses every command",
      "authentication",
      { kind: "refused", rung: "authorization", code: "CHANNEL_REFUSED" },
    ],
    [
      "ssh",
      "lets everybody in and has no room for them",
      "authentication",
      { kind: "faulted", code: "NO_CHANNEL" },
    ],
    [
      "ssh",
      "answers with 1 GB",
      expect.stringMatching(/^auth/),
      { kind: "faulted", code: "ANSWER_TOO_LONG" },
    ],
    [
      "ssh-access-record",
      "shows a record of 1 GB",
      "authorization",
      { kind: "faulted", code: "ANSWER_TOO_LONG" },
    ],
    [
      "ssh-access-record",
      "shows a record of ten thousand logins",
      "authorization",
      { kind: "faulted", code: "SEARCH_TRUNCATED" },
    ],
    [
      "ssh-access-record",
      "shows a part of its record",
      "authorization",
      { kind: "faulted", code: "COMMAND_FAILED" },
    ],
    [
      "ssh-access-record",
      "shows accounts full of markup",
      "authorization",
      { kind: "faulted", code: "RECORD_UNREADABLE" },
    ],
  ])("%s, and %s", async (check, behaviour, climbed, outcome) => {
    const { endpoint } = await aBastion();
    const hostile = hostileSsh.find(({ name }) => name === behaviour);
    if (!hostile) throw new TypeError(`no behaviour ${behaviour}`);
    const port = await aServer((socket) => hostile.serve(socket, () => socket));
    const login = { user: "ringfence", password: "env:AUDITOR" };
    const credentials = { own: login, canary: login, auditor: login };
    const entry = await attempted(check, { ...endpoint, port, credentials }, { deadlineMs: 15_000 });
    expect({ climbed: entry.climbed, outcome: entry.outcome }).toEqual({ climbed, outcome });
  });
});

describe("the record of logins", () => {
  const login = { granted: true, method: "publickey", user: "operator-us", ip: "10.20.1.10", port: 50122 };

  test("every account and address is a link, with the region of its operator", async () => {
    const { endpoint, recordFile } = await aBastion();
    appendFileSync(recordFile, writeLogin(login));
    const { outcome, findings } = await attempted("ssh-access-record", endpoint);
    expect(outcome).toEqual({ kind: "reached", rung: "data", canary: sha256(canary) });
    expect(findings?.links).toEqual([
      {
        what: "an SSH login",
        peer: expect.stringMatching(/^operator-us from 10\.20\.1\.10 at \d{4}-/),
        addresses: ["10.20.1.10"],
        region: "us",
      },
      {
        what: "an SSH login",
        peer: expect.stringMatching(/^auditor from 127\.0\.0\.1 at /),
        addresses: ["127.0.0.1"],
      },
    ]);
  });

  test("an account that the map does not know leads nobody knows where", async () => {
    const { endpoint, recordFile } = await aBastion();
    appendFileSync(recordFile, writeLogin({ ...login, user: "root" }));
    const { findings } = await attempted("ssh-access-record", endpoint);
    expect(findings?.links?.filter(({ addresses }) => addresses.length === 0)).toHaveLength(1);
  });

  test("other regions' attempts with the canary account, and refused logins, are not in it", async () => {
    const { endpoint, recordFile } = await aBastion();
    appendFileSync(recordFile, writeLogin({ ...login, user: "canary" }));
    appendFileSync(recordFile, writeLogin({ ...login, granted: false }));
    const { findings } = await attempted("ssh-access-record", endpoint);
    expect(findings?.links?.map(({ peer }) => peer.split(" ")[0])).toEqual(["auditor"]);
  });

  test("that lacks the login which reads it is not believed", async () => {
    const { endpoint, recordFile } = await aBastion();
    const elsewhere = `${recordFile}.old`;
    writeFileSync(elsewhere, writeLogin({ ...login, user: "auditor", ip: "127.0.0.1" }));
    closing.push(() => {});
    const stale = await aBastionWithRecord(elsewhere);
    expect((await attempted("ssh-access-record", stale)).outcome).toEqual({
      kind: "faulted",
      code: "RECORD_WITHOUT_US",
    });
    expect((await attempted("ssh-access-record", endpoint)).outcome.kind).toBe("reached");
  });

  test("with a login that cannot be read is not believed", async () => {
    const { endpoint, recordFile } = await aBastion();
    appendFileSync(
      recordFile,
      "2026-11-22T12:00:00+0000 b sshd[1]: Accepted publickey for x from nowhere port 1\n",
    );
    expect((await attempted("ssh-access-record", endpoint)).outcome).toEqual({
      kind: "faulted",
      code: "RECORD_UNREADABLE",
    });
  });

  /** Shows a record that it does not write to. */
  async function aBastionWithRecord(shown: string) {
    const folder = mkdtempSync(join(tmpdir(), "ringfence-bastion-"));
    closing.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "accounts"), JSON.stringify(accounts));
    writeFileSync(join(folder, "canary"), canary);
    const bastion = await startBastion({
      listen: [{ address: "127.0.0.1", port: 0 }],
      accountsFile: join(folder, "accounts"),
      files: { "ringfence-canary": join(folder, "canary"), "access-record": shown },
      recordFile: join(folder, "record"),
    });
    closing.push(() => bastion[Symbol.asyncDispose]());
    return { ...(await aBastion()).endpoint, port: bastion.ports[0] };
  }
});

test("the wiring says at which address the server is reached, in its own words", async () => {
  const { endpoint } = await aBastion();
  const { outcome, findings } = await attempted("ssh-wiring", endpoint);
  expect(outcome).toEqual({ kind: "reached", rung: "data", canary: sha256(canary) });
  expect(findings).toEqual({ servedFrom: { addresses: ["127.0.0.1"] }, canaries: [sha256(canary)] });
});

test("an endpoint names exactly one kind of secret for a login", () => {
  const parse = (own: Record<string, string>) =>
    ssh.endpoint.shape.credentials.shape.own.safeParse({ user: "operator", ...own }).success;
  expect(parse({ password: "env:P" })).toBe(true);
  expect(parse({ privateKey: "file:/run/key" })).toBe(true);
  expect(parse({})).toBe(false);
  expect(parse({ password: "env:P", privateKey: "env:K" })).toBe(false);
});
