import { createServer, type RequestListener } from "node:http";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mostArrivals } from "../core/witness.ts";
import { Loopback } from "../tests/loopback.ts";
import { askArrivals } from "./arrivals.ts";

let loopback: Loopback;
beforeEach(() => {
  loopback = new Loopback();
});
afterEach(() => loopback[Symbol.asyncDispose]());

const one = { token: "0".repeat(32), from: "10.10.0.5", at: "2026-11-22T12:00:00.000Z" };
const url = (port: number) => `http://127.0.0.1:${port}/`;
const serving = async (answer: RequestListener) => url(await loopback.serve(createServer(answer)));
const saying = (body: string, status = 200) => serving((_, answer) => answer.writeHead(status).end(body));
const speaking = async (take: (socket: Socket) => void) => url(await loopback.tcp(take));

describe("a receiver that is asked", () => {
  test("tells what it saw", async () => {
    expect(await askArrivals(await saying(JSON.stringify([one])))).toEqual([one]);
    expect(await askArrivals(await saying("[]"))).toEqual([]);
  });

  test("may have seen much", async () => {
    const many = Array(mostArrivals).fill(one);
    expect(await askArrivals(await saying(JSON.stringify(many)))).toHaveLength(mostArrivals);
  });
});

describe("has not been asked where it", () => {
  const wrong: [what: string, answer: () => Promise<string>][] = [
    ["saw more than it may tell", () => saying(JSON.stringify(Array(mostArrivals + 1).fill(one)))],
    ["says nothing at all", () => saying("")],
    ["says garbage", () => saying("\x00\xff[")],
    ["says a page", () => saying("<html>[]</html>")],
    ["says something else", () => saying('{"arrivals":[]}')],
    ["says too much of one", () => saying(JSON.stringify([{ ...one, more: 1 }]))],
    ["says a token that is none", () => saying(JSON.stringify([{ ...one, token: "0".repeat(33) }]))],
    ["says a place that is a book", () => saying(JSON.stringify([{ ...one, from: "x".repeat(65) }]))],
    ["says a time that is none", () => saying(JSON.stringify([{ ...one, at: "today" }]))],
    ["has trouble, though it looks like a list", () => saying("[]", 500)],
    ["sends elsewhere", () => serving((_, answer) => answer.writeHead(302, { location: "/list" }).end("[]"))],
    [
      "closes within its list",
      () =>
        serving((_, answer) =>
          answer.writeHead(200, { "content-length": 9 }).write("[", () => answer.destroy()),
        ),
    ],
    ["closes at once", () => speaking((socket) => socket.end())],
    ["resets", () => speaking((socket) => socket.once("data", () => socket.resetAndDestroy()))],
    ["speaks another protocol", () => speaking((socket) => socket.write("220 mail ESMTP\r\n"))],
    [
      "never ends its list",
      () =>
        serving((_, answer) => {
          const more = () => {
            while (!answer.destroyed && answer.write(" ".repeat(65_536)));
          };
          answer.on("drain", more);
          more();
        }),
    ],
    [
      "is not there",
      async () => {
        const gone = await speaking(() => {});
        await loopback[Symbol.asyncDispose]();
        return gone;
      },
    ],
    ["is to be asked over another protocol", async () => "https://127.0.0.1:1/"],
  ];

  test.each(wrong)("%s", async (_what, start) => {
    const asked = await start();
    const begun = performance.now();
    await expect(askArrivals(asked)).rejects.toThrow();
    expect(performance.now() - begun).toBeLessThan(4000);
    await expect.poll(() => loopback.open).toBe(0);
  });

  test.each<[string, (socket: Socket) => void]>([
    ["never answers", () => {}],
    [
      "drips",
      (socket) => {
        const timer = setInterval(() => socket.write("x"), 500);
        socket.write("HTTP/1.1 200 OK\r\nX: ");
        socket.once("close", () => clearInterval(timer));
      },
    ],
  ])("%s within five seconds", async (_what, take) => {
    const begun = performance.now();
    await expect(askArrivals(await speaking(take))).rejects.toThrow("no answer");
    expect(performance.now() - begun).toBeLessThan(6000);
    await expect.poll(() => loopback.open).toBe(0);
  });
});
