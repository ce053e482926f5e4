import { once } from "node:events";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Rung, rungs } from "../core/vocabulary.ts";
import { canaryDigest, canaryLength, newCanary } from "./canary.ts";
import { Ladder } from "./ladder.ts";
import { secretLookup } from "./probe.ts";
import { connectTcp } from "./tcp.ts";

const opened: Server[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});

async function aListeningPort(): Promise<{ address: string; port: number }> {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  opened.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

test("a ladder is climbed and never descended, because what was once passed was open", () => {
  const ladder = new Ladder();
  const seen = (["network", "name", "authorization", "tls"] as const).map((rung) => {
    ladder.climb(rung);
    return ladder.climbed;
  });
  expect(seen).toEqual(["network", "network", "authorization", "authorization"]);
});

test("the next rung is the one that an attempt was climbing when it was stopped", () => {
  const ladder = new Ladder();
  const nexts: Rung[] = [ladder.next()];
  for (const rung of rungs) {
    ladder.climb(rung);
    nexts.push(ladder.next());
  }
  expect(nexts).toEqual([...rungs, "data"]);
});

test("the handshake is seen on the socket, whatever the client says", async () => {
  const ladder = new Ladder();
  await connectTcp(ladder, await aListeningPort());
  expect(ladder.climbed).toBe("network");
  ladder.close();
});

test("only rungs after the deadline are late, each once", () => {
  const ladder = new Ladder();
  const late: Rung[] = [];
  ladder.climb("network");
  ladder.linger(
    (rung) => late.push(rung),
    () => {},
  );
  for (const rung of ["network", "tls", "tls", "name", "data"] as const) ladder.climb(rung);
  expect(late).toEqual(["tls", "data"]);
});

test("a closed ladder reports nothing more, because the run has ended", async () => {
  const ladder = new Ladder();
  const late: unknown[] = [];
  const socket = ladder.socket();
  ladder.linger(
    (rung) => late.push(rung),
    (error) => late.push(error),
  );
  ladder.close();
  ladder.climb("data");
  socket.emit("error", new Error("too late to matter"));
  expect(late).toEqual([]);
  expect(socket.destroyed).toBe(true);
});

test("the first socket error is kept, before a library renames it", () => {
  const ladder = new Ladder();
  const socket = new Socket();
  ladder.watch(socket);
  socket.emit("error", Object.assign(new Error("reset"), { code: "ECONNRESET" }));
  socket.emit("error", Object.assign(new Error("closed"), { code: "CLOSED" }));
  expect(ladder.socketError).toMatchObject({ code: "ECONNRESET" });
});

test("SYNs are counted only while a socket connects: a connected one proves nothing by silence", async () => {
  const ladder = new Ladder();
  expect(ladder.synCount()).toBeNull();
  ladder.socket();
  expect(ladder.synCount()).toBeNull();
  await connectTcp(ladder, await aListeningPort());
  expect(ladder.synCount()).toBeNull();
  ladder.close();
});

test("a canary is told from everything else, so that no other data is ever digested", () => {
  const canary = newCanary();
  expect(canary).toHaveLength(canaryLength);
  expect(newCanary()).not.toBe(canary);
  expect(canaryDigest(canary)).toMatch(/^[0-9a-f]{64}$/);
  const others = [
    `${canary} `,
    `${canary}\n`,
    canary.slice(1),
    `x${canary}`,
    canary.toUpperCase(),
    "",
    null,
    42,
    [canary],
  ];
  for (const other of others) expect(canaryDigest(other)).toBeUndefined();
});

const files: Record<string, string> = {
  "/run/password": "from-a-file\n",
  "/run/empty": "",
  "/run/blank": " \n",
};
const lookUp = secretLookup({ PASSWORD: "from-env", EMPTY: "", BLANK: " \n" }, (path) => {
  const content = files[path];
  if (content === undefined) throw Object.assign(new Error(`no such file ${path}`), { code: "ENOENT" });
  return content;
});

test.each([
  ["env:PASSWORD", "from-env"],
  ["file:/run/password", "from-a-file"],
])("%s is looked up in the region's own process", (reference, value) => {
  expect(lookUp(reference)).toBe(value);
});

test.each([
  "env:MISSING",
  "env:EMPTY",
  "env:BLANK",
  "file:/missing",
  "file:/run/empty",
  "file:/run/blank",
  "hunter2",
])("%s is missing, because an empty credential would be refused and look like isolation", (reference) => {
  expect(() => lookUp(reference)).toThrow(expect.objectContaining({ code: "CREDENTIAL_MISSING" }));
});

test("a missing credential is named and no other value is shown", () => {
  expect.assertions(2);
  try {
    lookUp("env:MISSING");
  } catch (error) {
    expect(String(error)).toContain("env:MISSING");
    expect(String(error) + JSON.stringify(error)).not.toMatch(/from-env|from-a-file/);
  }
});
