import { type Content, type Html, html } from "./escape-html.ts";
import { carrierId } from "./html-form.ts";

/** Of which run and regions a page is, for its check of itself. */
export interface PageSubject {
  page: "region" | "run";
  runId: string;
  /** Whose statements it carries, in this order. */
  regions: readonly string[];
}

/** What a page is given when it has been signed for. Nothing of it is trusted: a key counts only by the
 *  fingerprint that its reader compares. */
export interface Carried {
  bundles: readonly string[];
  publicKey: string | null;
}

/** Hidden until the script finds something to say. */
export function checkBlock(): Html {
  return html`<div id="check" class="check" hidden>
<h3>What this browser finds</h3>
<div id="check-result" role="status"></div>
<form autocomplete="off">
<label class="wide">Fingerprint of the judge’s key, as the judge told you <input name="fingerprint" spellcheck="false" autocapitalize="off"></label>
<label>or the judge’s public key <input type="file" name="key" accept=".pem,.pub,.txt"></label>
<label>Files of this run, also dropped here <input type="file" name="files" multiple></label>
<label>or its whole folder <input type="file" name="folder" multiple webkitdirectory></label>
</form>
<div id="files-result" role="status"></div>
</div>
<p class="note">A page that checks itself convinces nobody who does not trust the page: whoever can change its words can change its check. It tells whether these words are what the judge signed, and judges nothing again. The command above does, without this page; and <code>verify.sh</code> in the run’s folder checks the same signatures with openssl, jq and sha256sum alone.</p>`;
}

/** Where the script shows first what does not hold. */
export function alarm(): Html {
  return html`<p id="alarm" class="alarm" role="alert" hidden></p>
`;
}

export function carrier({ page, runId, regions }: PageSubject): Content {
  return html`<script type="application/json" id="${carrierId}" data-page="${page}" data-run="${runId}" data-regions="${JSON.stringify(regions)}"></script>
`;
}

/** The same page with what was signed for it. */
export function carrying(page: string, { bundles, publicKey }: Carried): string {
  const opening = page.lastIndexOf(` id="${carrierId}"`);
  const at = page.indexOf("></script>", opening) + 1;
  if (opening < 0) throw new TypeError("the page has no place for what was signed");
  const data = JSON.stringify({ publicKey, bundles: bundles.map((text) => JSON.parse(text) as unknown) });
  return page.slice(0, at) + data.replaceAll("<", "\\u003c") + page.slice(at);
}
