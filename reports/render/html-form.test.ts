import fc from "fast-check";
import { expect, test } from "vitest";
import { aReport } from "./a-report.ts";
import { renderRegionHtml } from "./html.ts";
import { carrying } from "./html-check.ts";
import { formOf, pageDigest } from "./html-form.ts";

/** That it is the text that a browser has, and changes with any change, is shown in tests/page-check.test.ts. */

const page = renderRegionHtml(aReport());

test("what a page carries is not part of what it shows, because it is signed for before", () => {
  const carried = carrying(page, { bundles: ['{"a":"</script><b>"}'], publicKey: null });
  expect(carried).not.toBe(page);
  expect(carried).not.toContain("</script><b>");
  expect(pageDigest(carried)).toBe(pageDigest(page));
});

test("every other character of it is, style and script included", () => {
  for (const [from, to] of [
    ["PASS", "PASs"],
    ["color:", "colour:"],
    ["function formOf", "function formOff"],
    [' lang="en"', ' lang="de"'],
    ["&#39;none&#39;", "&#39;self&#39;"],
  ] as const) {
    expect(page).toContain(from);
    expect(pageDigest(page.replace(from, to))).not.toBe(pageDigest(page));
  }
});

test("space that a browser drops, and whether details are open, is not", () => {
  const other = page.replace("</head>\n", "</head>").replace("</html>\n", "</html>").replace(" open>", ">");
  expect(other.length).toBeLessThan(page.length - 5);
  expect(pageDigest(other)).toBe(pageDigest(page));
});

test.each<[string, (page: string) => string]>([
  ["a comment", (all) => all.replace("<main", "<!-- --><main")],
  ["an attribute without quotes", (all) => all.replace(' lang="en"', " lang=en")],
  ["an unknown entity", (all) => all.replace("<h2", "&copy;<h2")],
  ["an element that is not closed", (all) => all.replace("</main>", "")],
  ["a style that is not closed", (all) => all.replace("</style>", "</stylf>")],
  ["a script that is not closed", (all) => all.replaceAll("</script>", "")],
  ["another beginning", (all) => `\n${all}`],
])("%s is refused, because nobody has shown what a browser makes of it", (_what, alter) => {
  expect(() => partsOf(alter(page))).toThrow(TypeError);
});

test("whatever was done to it, it is read to its end or refused: nobody keeps a verifier busy", () => {
  const place = fc.nat({ max: page.length - 1 });
  fc.assert(
    fc.property(place, place, fc.string({ maxLength: 9 }), (from, until, put) => {
      try {
        partsOf(page.slice(0, from) + put + page.slice(until));
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
    }),
  );
});

/** Each part but the last few stands for a character of the page at least. */
function partsOf(markup: string): string[] {
  const parts: string[] = [];
  for (const part of formOf(markup)) {
    parts.push(part);
    if (parts.length > markup.length + 10) throw new Error("it is read over and over");
  }
  return parts;
}
