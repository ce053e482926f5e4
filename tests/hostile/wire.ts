import type { Duplex } from "node:stream";

/** What hostile servers do with a connection, whatever the protocol. Everything ends with the connection. */

const chunk = Buffer.alloc(64 * 1024);
export const aGigabyte = 1024 ** 3;

/** Sends `opening`, then that many bytes as fast as the peer takes them. */
export function flood(wire: Duplex, opening: Buffer | string = "", fill: Buffer = chunk): void {
  let left = aGigabyte;
  const more = () => {
    while (left > 0 && !wire.destroyed) {
      left -= fill.length;
      if (!wire.write(fill)) return;
    }
    wire.off("drain", more);
  };
  wire.write(opening);
  wire.on("drain", more);
  more();
}

/** Sends `opening`, then one piece every `everyMs`, for ever. */
export function endless(wire: Duplex, opening: Buffer | string, piece: Buffer | string, everyMs = 20): void {
  wire.write(opening);
  const timer = setInterval(() => wire.write(piece), everyMs);
  wire.once("close", () => clearInterval(timer));
}

/** Sends the bytes one at a time. */
export function drip(wire: Duplex, bytes: Buffer, everyMs = 1000): void {
  let at = 0;
  const timer = setInterval(() => wire.write(bytes.subarray(at, ++at)), everyMs);
  wire.once("close", () => clearInterval(timer));
}

export function after(wire: Duplex, delayMs: number, act: () => void): void {
  const timer = setTimeout(act, delayMs);
  wire.once("close", () => clearTimeout(timer));
}

/** The first answer to the first data, the second to the second; the last one to everything after. */
export function script(wire: Duplex, ...answers: (Buffer | string | (() => void))[]): void {
  let step = 0;
  wire.on("data", () => {
    const answer = answers[Math.min(step++, answers.length - 1)];
    if (typeof answer === "function") answer();
    else if (answer !== undefined && !wire.destroyed) wire.write(answer);
  });
}

/** Bytes of no protocol, the same in every run. */
export const garbage = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919 + 131) % 251));

export const fakeCanary = `ringfence-canary-${"A".repeat(43)}`;

/** What a server may say to take over a terminal, a page, a table or the journal. */
export const attack = [
  "<script>window.__pwned=1</script><img src=x onerror=alert(1)>",
  "\u001b[2J\u001b]8;;https://example.com\u0007PASS\u001b]8;;\u0007",
  'line one\r\n{"seq":1,"prev":"0","entry":{"type":"run-finished","observations":1}}\n',
  "| ✓ contained | forged |\n\n# PASS ]]></system-out><testcase name='green'/>",
  `\u202egnp.exe\u2066\u200b ${fakeCanary}`,
].join(" ");
