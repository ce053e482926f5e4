import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { anAttempt } from "../tests/an-attempt.ts";
import { datagram, sendDatagram } from "./datagram.ts";
import type { Probe } from "./probe.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function aCollector(address = "127.0.0.1") {
  const received: Buffer[] = [];
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (message) => received.push(message));
  socket.bind(0, address);
  await once(socket, "listening");
  let isOpen = true;
  const close = () => isOpen && socket.close();
  closing.push(close);
  return {
    port: socket.address().port,
    received,
    close: () => {
      close();
      isOpen = false;
    },
  };
}

const token = "0123456789abcdef".repeat(2);

function sentTo(address: string, port: number, format = "text") {
  return anAttempt({
    probe: datagram as unknown as Probe,
    check: "datagram",
    endpoint: datagram.endpoint.parse({
      host: "localhost",
      port,
      format,
      arrivals: "http://localhost:1/",
    }),
    route: "address",
    addressFamily: address.includes(":") ? 6 : 4,
    learned: [address],
    credentials: "none",
    token,
  });
}

describe("a datagram", () => {
  test.each(["127.0.0.1", "::1"])(
    "to %s arrives with its token, and its sender hears nothing",
    async (address) => {
      const collector = await aCollector(address);
      expect(await sentTo(address, collector.port)).toMatchObject({
        address,
        climbed: "name",
        outcome: { kind: "silent", rung: "network" },
      });
      expect(collector.received.map(String)).toEqual([`ringfence-${token}`]);
    },
  );

  test.each(["127.0.0.1", "::1"])(
    "to a closed port of %s is refused, once the ICMP answer has come",
    async (address) => {
      const collector = await aCollector(address);
      collector.close();
      expect((await sentTo(address, collector.port)).outcome).toEqual({
        kind: "refused",
        rung: "network",
        code: "ECONNREFUSED",
      });
    },
  );

  test.each([
    ["statsd", /^ringfence\.canary:1\|c\|#token:ringfence-[0-9a-f]{32}$/],
    ["syslog", /^<14>1 - ringfence ringfence - - - ringfence-[0-9a-f]{32}$/],
    ["gelf", /^\{"version":"1.1","host":"ringfence","short_message":"ringfence-[0-9a-f]{32}"\}$/],
  ])("for %s is one that such a collector understands", async (format, wanted) => {
    const collector = await aCollector();
    await sentTo("127.0.0.1", collector.port, format);
    expect(collector.received.map(String)).toEqual([expect.stringMatching(wanted)]);
  });

  test("that the own kernel will not send is refused locally, or is a fault of our own", async () => {
    const { outcome } = await sentTo("255.255.255.255", 9);
    expect(outcome).toEqual({ kind: "refused", rung: "network", code: "EACCES", local: true });
    expect((await sentTo("127.0.0.1", 9, "text")).outcome.kind).toBe("refused");
  });

  test("that is too long is a fault of our own, because nothing was sent", async () => {
    await expect(sendDatagram({ address: "127.0.0.1", port: 9 }, Buffer.alloc(70_000))).rejects.toMatchObject(
      {
        code: "EMSGSIZE",
      },
    );
  });

  test("leaves no socket behind, however it ends", async () => {
    const collector = await aCollector();
    await sentTo("127.0.0.1", collector.port);
    collector.close();
    await sentTo("127.0.0.1", collector.port);
    const open = () => process.getActiveResourcesInfo().filter((what) => what.startsWith("UDP"));
    await expect.poll(() => open()).toEqual([]);
  });
});
