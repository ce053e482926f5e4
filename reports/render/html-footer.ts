import { type Html, html } from "./escape-html.ts";
import { checkBlock } from "./html-check.ts";
import { commandLine } from "./html-verdict.ts";
import { honestWords, verifyCommand } from "./words.ts";

/** Where the evidence comes from and how to check it without trusting whoever hands it over. */
export function htmlFooter(facts: {
  attempts: number;
  startedAt: string;
  runId: string;
  versions: readonly string[];
  planDigests: readonly string[];
  mapDigests: readonly string[];
  signers: readonly { name: string; texts: readonly string[] }[];
}): Html {
  return html`<footer>
<h2 id="verify">Verify it yourself</h2>
<p>Checks the signatures and works out every verdict again from the observations. Offline, on a machine of your own. DIR is the folder of this run; FILE is your trust file: whose signature counts for which region and for the verdicts, from them and not from this folder.</p>
${commandLine(verifyCommand)}
${checkBlock()}
<dl class="provenance">
${entry("Run", [facts.runId])}
${entry("Ringfence", facts.versions)}
${entry("Plan, SHA-256", facts.planDigests)}
${entry("Residency map, SHA-256", facts.mapDigests)}
${facts.signers.map(({ name, texts }) => entry(name, texts))}</dl>
<p class="honest">${honestWords(facts.attempts, facts.startedAt)}</p>
</footer>`;
}

function entry(name: string, texts: readonly string[]): Html {
  return html`<div><dt>${name}</dt>${[...new Set(texts)].map((text) => html`<dd><code>${text}</code></dd>`)}</div>
`;
}
