import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import type { Client, ClientChannel, ConnectConfig } from "ssh2";
import type { Ladder } from "./ladder.ts";

export interface SshLogin {
  user: string;
  password?: string | undefined;
  privateKey?: string | undefined;
}

export interface SshPlace {
  address: string;
  port: number;
  /** SHA256:…, as `ssh-keygen -l` prints it. */
  hostKey?: string | undefined;
}

export interface SshSession extends AsyncDisposable {
  /** Runs a command to its end; a refused channel rejects. */
  run(command: string): Promise<Ran>;
}

/** `output`: what a command wrote to stdout. `succeeded`: whether it ended with the code 0. */
export interface Ran {
  output: string;
  succeeded: boolean;
}

/** Takes its time: it compiles ciphers of its own. */
export const loadSsh = () => import("ssh2");

/** Logs in over a watched socket. `tls` is climbed when the keys are exchanged, `authentication` when the
 *  server lets us in. Rejects with the first error, whoever raised it. RFC 4253, RFC 4252. */
export async function openSshSession(
  ladder: Ladder,
  { address, port, hostKey }: SshPlace,
  login: SshLogin,
): Promise<SshSession> {
  const sock = ladder.socket(sshOnly());
  const { Client } = await loadSsh();
  const client = new Client();
  const failed = failureOf(client, sock);
  sock.setNoDelay(true);
  sock.connect({ host: address, port, autoSelectFamily: false });
  await Promise.race([connected(sock), failed]);
  client.once("handshake", () => ladder.climb("tls"));
  const ready = new Promise<void>((done) => client.once("ready", done));
  let denied = false;
  const isKnown = (key: Buffer) => {
    denied = hostKey !== undefined && fingerprint(key) !== hostKey;
    return !denied;
  };
  client.connect({
    ...limits,
    sock,
    username: login.user,
    ...(login.password === undefined ? {} : { password: login.password }),
    ...(login.privateKey === undefined ? {} : { privateKey: login.privateKey }),
    hostVerifier: isKnown,
  });
  await Promise.race([ready, failed]).catch((error: unknown) => {
    throw denied ? Object.assign(new Error("another host key"), { code: "HOST_KEY_DIFFERS" }) : error;
  });
  ladder.climb("authentication");
  return {
    run: (command) => Promise.race([ranOn(client, command, ladder), failed]),
    [Symbol.asyncDispose]: async () => void client.end(),
  };
}

/** No timer of the library's own; no compression, and no group of the server's choosing, which could be made
 *  to cost us more than it costs the server. */
const limits = {
  readyTimeout: 0,
  keepaliveInterval: 0,
  ident: "ringfence",
  algorithms: {
    compress: ["none"],
    kex: [
      "curve25519-sha256",
      "curve25519-sha256@libssh.org",
      "ecdh-sha2-nistp256",
      "ecdh-sha2-nistp384",
      "ecdh-sha2-nistp521",
      "diffie-hellman-group14-sha256",
    ],
  },
} satisfies ConnectConfig;

/** Rejects when the connection fails or ends; what comes after the first failure is swallowed. */
function failureOf(client: Client, socket: Socket): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    client.on("error", reject);
    socket.once("error", reject);
    socket.once("close", () => reject(closedByPeer()));
    socket.once("end", () => reject(closedByPeer()));
  });
  failed.catch(() => {});
  return failed;
}

function connected(socket: Socket): Promise<void> {
  return new Promise((done) => socket.once("connect", done));
}

function closedByPeer(): Error {
  return Object.assign(new Error("the peer closed the connection"), { code: "CLOSED_BY_PEER" });
}

function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** What a command may print is bounded by what its socket may bring. */
async function ranOn(client: Client, command: string, ladder: Ladder): Promise<Ran> {
  const channel = await new Promise<ClientChannel>((done, fail) => {
    client.exec(command, (error, opened) => (error ? fail(asRefusal(error)) : done(opened)));
  });
  ladder.climb("authorization");
  channel.stderr.resume();
  const chunks: Buffer[] = [];
  channel.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Not "exit", which may come before anybody can listen.
  const code = await new Promise<unknown>((done) => channel.once("close", done));
  return { output: Buffer.concat(chunks).toString("utf8"), succeeded: code === 0 };
}

const administrativelyProhibited = 1;

/** The server's own no to a channel or a command, told from a connection that was lost meanwhile, and from a server
 *  that has no room for one. RFC 4254, 5.1. */
function asRefusal(error: Error): Error {
  const { reason } = error as { reason?: unknown };
  if (typeof reason === "number" && reason !== administrativelyProhibited)
    return Object.assign(error, { code: "NO_CHANNEL" });
  const refused = reason === administrativelyProhibited || error.message.startsWith("Unable to exec");
  return refused ? Object.assign(error, { level: "channel" }) : error;
}

const longestIdentification = 255;
const longestLines = 4096;

/** Until the server has named itself as SSH, it may send some lines of text and nothing else. RFC 4253, 4.2. */
export function sshOnly(): (chunk: Buffer) => "NOT_SSH" | null {
  let said = "";
  let named = false;
  return (chunk) => {
    if (named) return null;
    said += chunk.toString("latin1");
    const lines = said.split("\n");
    const open = lines.pop() ?? "";
    const name = lines.find((line) => line.startsWith("SSH-"));
    if (name !== undefined) {
      named = true;
      return /^SSH-(2\.0|1\.99)-[ -~]+\r?$/.test(name) && name.length <= longestIdentification
        ? null
        : "NOT_SSH";
    }
    const strange = lines.some((line) => line.includes("\0")) || open.includes("\0");
    return strange || said.length > longestLines ? "NOT_SSH" : null;
  };
}
