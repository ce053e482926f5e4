import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeHtml, html } from "./escape-html.ts";
import { escapeMarkdown, markdownRow } from "./escape-markdown.ts";
import { escapeXml } from "./escape-xml.ts";
import { hostile } from "./hostile.ts";
import { visible } from "./visible.ts";

test("control characters are shown, because an escape sequence in a banner could rewrite a terminal", () => {
  expect(visible("\u001b[2J\r\nok\u007f")).toBe("␛[2J␍␊ok␡");
});

test("bidi controls, zero-width characters and lone surrogates are named, because they reorder or hide text", () => {
  expect(visible("a\u202eb\u200bc\ud800")).toBe("a⟨U+202E⟩b⟨U+200B⟩c⟨U+D800⟩");
});

test("text beyond 4,000 characters is counted, because an endless banner would bury the report", () => {
  expect(visible("x".repeat(5000))).toBe(`${"x".repeat(4000)}… (1000 more characters)`);
});

test("no input leaves an unseen character, because what a reader cannot see can mislead them", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test("no input ends a tag or an attribute, because every special character becomes a reference", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(escapeHtml(text)).not.toMatch(/[<>"']/);
    }),
  );
});

test("escaping is undone by reading, because evidence may not lose a character", () => {
  const read = (markup: string) =>
    markup
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&quot;", '"')
      .replaceAll("&#39;", "'")
      .replaceAll("&amp;", "&");
  fc.assert(
    fc.property(hostile, (text) => {
      expect(read(escapeHtml(text))).toBe(visible(text));
    }),
  );
});

test("only the tag makes markup, because a string is data wherever it comes from", () => {
  expect(html`<p title="${'"><script>'}">${["<b>", html`<i>${"&"}</i>`, null, 7]}</p>`.toString()).toBe(
    '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;<i>&amp;</i>7</p>',
  );
});

test("no input leaves a character that XML 1.0 forbids, because one makes the whole file unreadable", () => {
  const legal = /^[\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
  fc.assert(
    fc.property(hostile, (text) => {
      expect(escapeXml(text)).toMatch(legal);
      expect(escapeXml(text)).not.toMatch(/[<>"']/);
    }),
  );
});

test("a Markdown row stays one row of as many cells, whatever the cells hold", () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), (texts) => {
      const row = markdownRow(texts.map(escapeMarkdown));
      expect(row).not.toMatch(/[\r\n\u2028\u2029]/);
      expect(row.split("|")).toHaveLength(texts.length + 2);
    }),
  );
});

test("no Markdown can start in a text: no code, HTML, image, link, address or mention", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const rest = escapeMarkdown(text)
        .replaceAll("&#64;<!---->", " ")
        .replace(/\\[*_[\]~!]/g, " ");
      expect(rest).not.toMatch(/[`<>|\\*_[\]~!$@]|:\/\/|www\./i);
    }),
    { examples: [[":_//"], ["www@."], ["www.x"], ["http://x"]] },
  );
});
