import fc from "fast-check";

/** What a far system may put into a banner to take over a page, a terminal, a table or a CI log. */
export const hostileTexts = [
  "<script>window.__pwned=1</script>",
  "\"><img src=x onerror='window.__pwned=1'>",
  "</title></style></script><svg onload=window.__pwned=1>",
  "' onmouseover='window.__pwned=1",
  "javascript:window.__pwned=1",
  "]]></system-out></testcase><testcase name='green'/>",
  "<!-- --><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
  "\u001b[2J\u001b]8;;https://example.com\u0007PASS\u001b]8;;\u0007",
  "line one\r\n| ✓ contained | forged | row |\n\n# PASS",
  "a \\| b \\\\| c | `code` ``` ~~~ [link](https://example.com) ![](https://example.com/x.png)",
  "www.example.com @everyone $x$ *bold* _it_ <b>",
  "\u202egnp.exe\u2066\u200b\ufeff\u0000\u0008\u000b\u0085\u2028\ud800 \ufffe",
  "&lt;script&gt; &amp;amp; &#60;",
] as const;

/** Any string, most of them full of the characters that mean something to HTML, XML or Markdown. */
export const hostile = fc.oneof(
  fc.constantFrom(...hostileTexts),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."<>&\"'`|\\\n\r\t\u001b\u0000\u202e\ud800*_[]()!#~$@:/=- aw.") }),
);
