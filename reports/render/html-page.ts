import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Content, Html, html } from "./escape-html.ts";
import { alarm, carrier, type PageSubject } from "./html-check.ts";

/** In this order: what follows refines what came before. */
const style = [
  "base",
  "headline",
  "sections",
  "tables",
  "matrix",
  "attempts",
  "check",
  "history",
  "phone-and-paper",
]
  .map((name) => asset(`html-${name}.css`))
  .join("");
/** The page's script: its modules as one, because a page that is opened from a disk may load no other. */
const script = `(() => {
"use strict";
${["form", "signature", "files", "check", "packed", "filter"].map((name) => plainScript(`html-${name}.js`)).join("")}${plainScript("html.js")}})();
`;

function asset(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

function plainScript(name: string): string {
  return asset(name)
    .replace(/^import .*\n/gm, "")
    .replace(/^export (?=(async )?function |const )/gm, "");
}

function sourceHash(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}

/** Nothing may be fetched, sent, framed or run but the style and script that the page carries itself. */
const policy = [
  "default-src 'none'",
  `style-src ${sourceHash(style)}`,
  `script-src ${sourceHash(script)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export interface PageSection {
  id: string;
  name: string;
  /** Beside the name in the table of contents. */
  count?: string;
  body: Content;
}

/** One self-contained page: it opens from a disk, without a network, and works without JavaScript.
 *  Sections that are null are left out of the contents too. */
export function htmlPage(page: {
  title: string;
  headline: Content;
  sections: readonly (PageSection | null)[];
  footer: Content;
  /** Left out, the page checks nothing of itself. */
  subject?: PageSubject;
}): string {
  const sections = page.sections.filter((section) => section !== null);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${page.title}</title>
<style>${Html.ours(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
${page.subject ? alarm() : null}${page.headline}
<nav aria-label="On this page"><ul>
${sections.map(
  ({ id, name, count }) =>
    html`<li><a href="#${id}">${name}</a>${count === undefined ? null : html` <span class="count">${count}</span>`}</li>`,
)}
</ul></nav>
<main id="main" tabindex="-1">
${sections.map(
  ({ id, name, body }) => html`<section id="${id}" aria-labelledby="${id}-name">
<h2 id="${id}-name">${name}</h2>
${body}
</section>
`,
)}
</main>
${page.footer}
${page.subject ? carrier(page.subject) : null}<script>${Html.ours(script)}</script>
</body>
</html>
`.toString();
}
