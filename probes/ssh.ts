import { z } from "zod";
import type { Findings } from "../core/journal.ts";
import { HostName, Port, RegionId, SecretReference } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import { canaryDigest } from "./canary.ts";
import { inside } from "./checks.ts";
import type { Ladder } from "./ladder.ts";
import { type Answer, defineProbe, type TryContext } from "./probe.ts";
import { accessLinks, readConnection, readRecord } from "./ssh-record.ts";
import { loadSsh, openSshSession, type SshSession } from "./ssh-session.ts";
import { connectTcp, tcpCheck } from "./tcp.ts";

const account = z.string().regex(/^[a-z_{][a-z0-9_.{}-]{0,63}$/i, "an account's name");

const login = z
  .strictObject({
    user: account,
    password: SecretReference.optional(),
    privateKey: SecretReference.optional(),
  })
  .refine(
    ({ password, privateKey }) => (password === undefined) !== (privateKey === undefined),
    "either a password or a privateKey",
  );

const SshEndpoint = z.strictObject({
  host: HostName,
  port: Port.default(22),
  hostKey: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "a fingerprint as `ssh-keygen -l` prints it")
    .optional()
    .describe("The server's key; a server with another one is not believed"),
  operators: z
    .record(account, RegionId)
    .describe("Every account of an operator, and the region whose operator uses it"),
  canaryCommand: z.string().min(1).max(300).default("cat ringfence-canary").describe("Prints the canary"),
  recordCommand: z
    .string()
    .min(1)
    .max(300)
    .default("cat access-record")
    .describe("Prints sshd's own record of logins, such as `journalctl -u ssh -o short-iso --since -24h`"),
  credentials: z.strictObject({
    own: login.describe("What the region's operator logs in with"),
    canary: login.describe("An account that prints the canary and nothing else; the other regions try it"),
    auditor: login.describe("May read the canary and the record of logins in its own region"),
  }),
});
type SshEndpoint = z.infer<typeof SshEndpoint>;

/** OpenSSH, or any server of SSH 2 (RFC 4251 to 4254) whose record of logins is sshd's. */
export const ssh = defineProbe({
  kind: "ssh",
  endpoint: SshEndpoint,
  stopBy: "network",
  longestSearchBytes: 8 * 1024 * 1024,
  prepare: loadSsh,
  checks: [
    tcpCheck,
    {
      probe: "ssh",
      family: "trespass",
      routes: ["name", "address"],
      credentials: ["own", "target"],
      goal: "data",
      contacts: "target",
      proves: "no login on the far bastion, by its own operators' keys or by the far canary account",
    },
    {
      ...inside,
      probe: "ssh-access-record",
      looksFor: "links",
      family: "stray",
      proves: "nobody outside the region, and no other region's operator, has logged in on the own bastion",
    },
    {
      ...inside,
      probe: "ssh-wiring",
      looksFor: "place",
      family: "wiring",
      privateAddresses: true,
      proves: "the own name ends in the own region, and the server says so",
    },
  ],
  contact: (endpoint) => endpoint,
  async run(context) {
    const { item, ladder, address, target, own } = context;
    switch (item.probe) {
      case "tcp":
        await connectTcp(ladder, { address, port: target.port });
        return { outcome: { kind: "reached", rung: "network" } };
      case "ssh": {
        const whose = item.vector.credentials === "target" ? target.credentials.canary : own.credentials.own;
        await using session = await open(context, { endpoint: target, login: whose });
        return { outcome: await readCanary(session, target) };
      }
      default: {
        await using session = await open(context, { endpoint: own, login: own.credentials.auditor });
        const outcome = await readCanary(session, own);
        return item.probe === "ssh-wiring"
          ? withOwn(outcome, await whereServed(session, address))
          : await recordOf(session, { own, outcome });
      }
    }
  },
  explain,
});

function open(
  { ladder, address, secret }: TryContext<SshEndpoint>,
  { endpoint, login }: { endpoint: SshEndpoint; login: SshEndpoint["credentials"]["own"] },
): Promise<SshSession> {
  return openSshSession(
    ladder,
    { address, port: endpoint.port, hostKey: endpoint.hostKey },
    {
      user: login.user,
      password: login.password && secret(login.password),
      privateKey: login.privateKey && secret(login.privateKey),
    },
  );
}

async function readCanary(session: SshSession, { canaryCommand }: SshEndpoint): Promise<Outcome> {
  const { output } = await session.run(canaryCommand);
  const canary = canaryDigest(output.trim());
  return { kind: "reached", rung: "data", ...(canary ? { canary } : {}) };
}

function withOwn(outcome: Outcome, findings: Findings): Answer {
  const canary = outcome.kind === "reached" ? outcome.canary : undefined;
  return { outcome, findings: canary ? { ...findings, canaries: [canary] } : findings };
}

const askConnection = "echo $SSH_CONNECTION";

async function whereServed(session: SshSession, address: string): Promise<Findings> {
  const connection = readConnection((await session.run(askConnection)).output);
  if (!connection) return {};
  return { servedFrom: { addresses: [...new Set([address, connection.server.address])] } };
}

/** A record without the very login that reads it is somebody else's, or of another day; one whose command failed
 *  may be a part of it, though what it shows stands. */
async function recordOf(
  session: SshSession,
  { own, outcome }: { own: SshEndpoint; outcome: Outcome },
): Promise<Answer> {
  const us = readConnection((await session.run(askConnection)).output);
  const record = await session.run(own.recordCommand);
  const accesses = readRecord(record.output);
  const { auditor, canary } = own.credentials;
  const ours = accesses.some(
    ({ user, address, port }) =>
      user === auditor.user && address === us?.client.address && port === us.client.port,
  );
  if (!ours) return { outcome: { kind: "faulted", code: "RECORD_WITHOUT_US" } };
  const others = [auditor.user, own.credentials.own.user];
  const links = accessLinks(accesses, { operators: own.operators, others, canary: canary.user });
  if (!record.succeeded) return { outcome: { kind: "faulted", code: "COMMAND_FAILED" }, findings: { links } };
  return withOwn(outcome, { links });
}

/** ssh2 says on which level it failed; a server's own words are never written down. */
function explain(error: unknown, ladder: Ladder): Outcome {
  const broken = brokenConnection(error, ladder);
  if (broken) return broken;
  const { level, code } = error as { level?: unknown; code?: unknown };
  if (level === "client-authentication")
    return { kind: "refused", rung: "authentication", code: "LOGIN_REFUSED" };
  if (level === "channel") return { kind: "refused", rung: "authorization", code: "CHANNEL_REFUSED" };
  if (typeof code === "number")
    return { kind: "faulted", code: Number.isInteger(code) ? `SSH_DISCONNECT_${code}` : "NOT_SSH" };
  if (typeof code === "string") return { kind: "faulted", code };
  if (level === "handshake" || level === "protocol")
    return { kind: "faulted", code: ladder.climbed === "network" ? "NO_KEY_EXCHANGE" : "NOT_SSH" };
  return { kind: "faulted", code: "CLIENT_ERROR" };
}
