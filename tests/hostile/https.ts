import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { hostileS3, httpSayings, overTls } from "./s3.ts";
import type { Behaviour } from "./servers.ts";
import { after, attack, fakeCanary, flood, garbage, script } from "./wire.ts";

/** Hostile HTTP services. What S3 may do to a client, every server may; and these let it in first. */

const line = attack.replace(/[^ -~]/g, "?");

function answer(status: string, body: Buffer | string, ...headers: string[]): Buffer {
  const bytes = Buffer.from(body);
  const all = [...headers, `Content-Length: ${bytes.length}`];
  const head = `HTTP/1.1 ${status}\r\n${all.map((one) => `${one}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

const canary = answer("200 OK", JSON.stringify({ value: fakeCanary }));
const isForCanary = (data: Buffer) => data.toString("latin1").includes(" /tenants/canary-eu/profile ");

type Say = (wire: Duplex, socket: Socket) => void;

/** The canary to whoever asks for it, and that to everything else. */
const letsIn =
  (then: Buffer | string | Say): Say =>
  (wire, socket) => {
    wire.on("data", (data: Buffer) => {
      if (isForCanary(data)) wire.write(canary);
      else if (typeof then === "function") then(wire, socket);
      else wire.write(then);
    });
  };

const ok = (body: Buffer | string, ...headers: string[]) => letsIn(answer("200 OK", body, ...headers));
const peers = Array.from({ length: 10_000 }, (_, index) => `10.20.${index >> 8}.${index & 255}:9300`);
const cookies = Array.from({ length: 90 }, (_, index) => `Set-Cookie: c${index}=${line}; Domain=${line}`);

const sayings: Record<string, Say> = {
  "lets in, then says nothing": letsIn(() => {}),
  "lets in, then sends 1 GB": letsIn((wire) => flood(wire, "HTTP/1.1 200 OK\r\n\r\n")),
  "lets in, then sends garbage": letsIn(garbage),
  "lets in, then sends a page of garbage": ok(garbage),
  "lets in, then closes half": letsIn((wire) => wire.end()),
  "lets in, then resets": letsIn((_, socket) => socket.resetAndDestroy()),
  "lets in, then answers late": letsIn((wire) => after(wire, 1100, () => wire.write(canary))),
  "lets in, then sends an empty page": ok(""),
  "lets in, then sends an empty object": ok("{}"),
  "lets in, then sends a list of nothing": ok("[]"),
  "lets in, then refuses": letsIn(answer("403 Forbidden", "")),
  "lets in, then redirects for ever": letsIn(answer("307 Temporary Redirect", "", "Location: /")),
  "lets in, then sends JSON without a bottom": ok(`{"seeds":${"[".repeat(100_000)}`),
  "lets in, then sends JSON that is deep and whole": ok("[".repeat(50_000) + "]".repeat(50_000)),
  "lets in, then names ten thousand peers": ok(JSON.stringify({ seeds: peers })),
  "lets in, then names a peer of markup": ok(JSON.stringify({ host: attack, [attack]: attack })),
  "lets in, then is in a region of markup": ok(JSON.stringify({ region: attack, address: attack })),
  "lets in, then is in many regions": ok(JSON.stringify([{ region: "eu" }, { region: "us" }])),
  "lets in, then says a thousand fake canaries": ok(
    Array.from({ length: 2000 }, (_, index) => `ringfence-canary-${String(index).padStart(43, "A")}`).join(
      " ",
    ),
  ),
  "lets in, then sets cookies of markup": ok(attack, ...cookies),
  "lets in, then echoes what it was sent": letsIn((wire) =>
    script(wire, answer("200 OK", `${attack} us ${fakeCanary}`)),
  ),
  "says a fake canary to everything": (wire) => script(wire, answer("200 OK", fakeCanary)),
  "refuses with a fake canary": (wire) => script(wire, answer("403 Forbidden", fakeCanary)),
  "redirects with a fake canary": (wire) =>
    script(wire, answer("302 Found", "", `Location: https://localhost/?hint=${fakeCanary}`)),
};

/** What matters once the own canary was read. */
export const hostileInside: Behaviour[] = Object.entries(sayings).map(([name, say]) => ({
  name,
  serve: overTls(say),
}));

export const hostileHttps: Behaviour[] = [...hostileS3, ...hostileInside];

/** Without TLS. */
export const hostileHttp: Behaviour[] = Object.entries(httpSayings).map(([name, say]) => ({
  name,
  serve: (socket: Socket) => say(socket, socket),
}));
