import { once } from "node:events";
import type { Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { type Check, outside } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import type { TryContext } from "./probe.ts";
import type { ProxyEndpoint } from "./proxy-endpoint.ts";
import { TappedSocket } from "./tapped-socket.ts";
import { connectTcp } from "./tcp.ts";
import { requestOver } from "./tls-request.ts";
import { openTunnel } from "./tunnel.ts";

/** The name by which a client greets in TLS; empty for none. `isCut`: in two records, the name in both. */
interface Greeting {
  name: string;
  isCut?: true;
}

/** Greetings that do not fit the receiver, to whom a tunnel is granted. Begun and ended as its name is: whoever
 *  compares sloppily takes them for it. */
const forgeries: Record<string, { proves: string; greeting(receiver: string, mark: string): Greeting }> = {
  "proxy-forged-name": {
    proves: "the own proxy carries no TLS greeting by another name than it was asked for",
    greeting: (receiver, mark) => ({ name: `${receiver}.${mark}.example` }),
  },
  "proxy-name-below": {
    proves: "the own proxy carries no TLS greeting by a name below the one it was asked for",
    greeting: (receiver, mark) => ({ name: `${mark}.${receiver}` }),
  },
  "proxy-no-name": {
    proves: "the own proxy carries no TLS greeting without a name",
    greeting: () => ({ name: "" }),
  },
  "proxy-cut-name": {
    proves: "the own proxy carries no TLS greeting by another name that is cut in two",
    greeting: (receiver, mark) => ({ name: `${receiver}.${mark}.example`, isCut: true }),
  },
};

export const greetingChecks = Object.entries(forgeries).map(
  ([probe, { proves }]): Check => ({
    probe,
    proves,
    family: "send",
    routes: ["name"],
    credentials: ["none"],
    goal: "network",
    contacts: "own",
    twinBy: "proxy-forged-name",
    // Of a proxy's many instances, one may not look.
    repeats: 2,
    witnessed: true,
    outward: true,
    needs: "greetings",
  }),
);

/** Greets a receiver outside, whose word decides whether it came. The control greets by the right name; that of
 *  whoever stands outside greets as the attempt does, past every proxy, for a receiver that does not bear it would
 *  never see it. Nothing is climbed: what answers in a tunnel may be the proxy itself. */
export async function greet(context: TryContext<ProxyEndpoint>): Promise<Outcome> {
  const { item, address, token, target, ladder } = context;
  const { receiver } = target.greetings ?? {};
  const forgery = forgeries[item.probe];
  if (!receiver || !forgery) throw coded("NO_RECEIVER");
  const mark = `ringfence-${token}`;
  const forged = forgery.greeting(receiver.host, mark);
  const right: Greeting = { name: receiver.host };
  const request = { host: receiver.host, method: "GET", path: `/${mark}` };
  const throughProxy = () => tunnelTo(receiver, context);
  if (item.role === "control") {
    const isOutside = item.from.region === outside;
    const socket = isOutside
      ? await connectTcp(ladder, { address, port: receiver.port })
      : await throughProxy();
    const met = await say(socket, isOutside ? forged : right, request);
    return met.kind === "answered" ? { kind: "reached", rung: "tls" } : { kind: "faulted", code: met.code };
  }
  const met = await say(await throughProxy(), forged, request);
  if (met.kind !== "shut") return { kind: "faulted", code: met.code };
  const afterwards = await say(await throughProxy(), right);
  if (afterwards.kind !== "answered") return { kind: "faulted", code: `RIGHT_NAME_${afterwards.code}` };
  return { kind: "refused", rung: "network", code: met.code, local: true };
}

/** The proxy carries to the receiver for whoever greets it rightly: one that does not has refused no greeting. */
async function tunnelTo(
  receiver: { host: string; port: number },
  { address, own, ladder }: TryContext<ProxyEndpoint>,
): Promise<Socket> {
  const socket = ladder.hidden();
  const tunnel = { proxy: { address, port: own.port }, to: receiver };
  await openTunnel(socket, tunnel).catch(({ code }: NodeJS.ErrnoException) => {
    throw coded(`NOT_CARRIED_${code}`);
  });
  return socket;
}

/** `shut`: the connection ended, and nothing had come but a complaint of TLS. `answered`: TLS stood, and the
 *  request, where there is one, was answered by somebody. */
interface Met {
  kind: "shut" | "answered" | "spoilt";
  code: string;
}

async function say(
  socket: Socket,
  { name, isCut }: Greeting,
  request?: Parameters<typeof requestOver>[1],
): Promise<Met> {
  const tapped = new TappedSocket(socket, { cutIn: isCut ? name : null });
  const secure = connectTls({
    socket: tapped,
    servername: name,
    rejectUnauthorized: false,
    secureContext: trustingNobody(),
    ALPNProtocols: ["http/1.1"],
  });
  const ended = once(secure, "close");
  secure.on("error", () => {});
  try {
    const stands = await Promise.race([once(secure, "secureConnect"), ended.then(() => null)]);
    if (!stands) return endOf(tapped);
    if (!request) return { kind: "answered", code: "TLS_STOOD" };
    return { kind: "answered", code: `ANSWERED_${await requestOver(secure, request)}` };
  } catch {
    return endOf(tapped);
  } finally {
    secure.destroy();
    socket.destroy();
  }
}

let context: SecureContext | undefined;

/** Whoever answers, the receiver's word decides; and authorities that are loaded for every connection cost time. */
function trustingNobody(): SecureContext {
  context ??= createSecureContext({ ca: [] });
  return context;
}

const alertRecord = 21;
const alertBytes = 7;

function endOf({ hasSpoken, heard, wasReset }: TappedSocket): Met {
  if (!hasSpoken) return { kind: "spoilt", code: "NOT_GREETED" };
  if (heard.length === 0) return { kind: "shut", code: wasReset ? "GREETING_RESET" : "GREETING_CLOSED" };
  const isAlert = heard.length === alertBytes && heard[0] === alertRecord;
  return isAlert
    ? { kind: "shut", code: `GREETING_ALERT_${heard[6]}` }
    : { kind: "spoilt", code: "ENDED_MIDWAY" };
}

function coded(code: string): Error {
  return Object.assign(new Error("the receiver was not greeted"), { code });
}
