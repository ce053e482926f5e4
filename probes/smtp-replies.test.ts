import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Reply, ReplyReader } from "./smtp-replies.ts";

const aReply = fc.record({
  code: fc.integer({ min: 200, max: 599 }),
  lines: fc.array(fc.stringMatching(/^[ -~]{0,40}$/), { minLength: 1, maxLength: 8 }),
});

function written({ code, lines }: Reply): string {
  return lines.map((text, index) => `${code}${index < lines.length - 1 ? "-" : " "}${text}\r\n`).join("");
}

function readAll(chunks: readonly string[]): Reply[] {
  const reader = new ReplyReader();
  const replies = chunks.flatMap((chunk) => reader.read(Buffer.from(chunk, "latin1")));
  if (reader.isWithinReply) throw new Error("a reply has no end");
  return replies;
}

function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.filter((place) => place < text.length).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

describe("replies", () => {
  test("are read however they are cut", () => {
    fc.assert(
      fc.property(fc.array(aReply, { maxLength: 5 }), fc.array(fc.nat({ max: 500 })), (replies, places) => {
        expect(readAll(cut(replies.map(written).join(""), places))).toEqual(replies);
      }),
    );
  });

  test("a bare code is a reply without text", () => {
    expect(readAll(["250\r\n"])).toEqual([{ code: 250, lines: [""] }]);
  });

  test("of whatever bytes are read or called NOT_SMTP, and never both", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
        const reader = new ReplyReader();
        try {
          for (const chunk of chunks) {
            for (const { code, lines } of reader.read(Buffer.from(chunk))) {
              expect(code).toBeGreaterThanOrEqual(200);
              expect(lines.join("")).not.toMatch(/[\r\n]/);
            }
          }
        } catch (error) {
          expect(error).toMatchObject({ code: "NOT_SMTP" });
        }
      }),
    );
  });

  test.each([
    ["a bare line feed", "250 ok\n"],
    ["a code that changes within", "250-ok\r\n220 ok\r\n"],
    ["a code of no class", "650 ok\r\n"],
    ["a code of two digits", "25 ok\r\n"],
    ["HTTP", "HTTP/1.1 400 Bad Request\r\n"],
    ["a zero byte", "250 o\0k\r\n"],
    ["a bare carriage return", "250 o\rk\r\n"],
    ["a line without an end", `250 ${"x".repeat(5000)}`],
    ["a line too long", `250 ${"x".repeat(5000)}\r\n`],
    ["continuation without an end", "250-x\r\n".repeat(100)],
  ])("%s is not SMTP", (_what, text) => {
    expect(() => readAll([text])).toThrow(expect.objectContaining({ code: "NOT_SMTP" }));
  });
});
