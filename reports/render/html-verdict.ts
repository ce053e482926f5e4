import type { Grade } from "../../core/vocabulary.ts";
import type { ReportVerdict } from "../report.ts";
import { type Html, html } from "./escape-html.ts";
import { gradeWords } from "./words.ts";

/** Small pieces that several sections show of a verdict. */

export function gradeMark(grade: Grade): Html {
  const { symbol, text } = gradeWords[grade];
  return html`<span class="mark ${grade}"><span aria-hidden="true">${symbol}</span> ${text}</span>`;
}

/** Under the grade, whether a waiver was needed for it. */
export function waiverNote({ waiver, grade }: ReportVerdict): Html | null {
  if (!waiver || grade === "inconclusive") return null;
  return html`<span class="waived">${grade === "contained" ? "exception not needed" : "under an exception"}</span>`;
}

/** The copy button stays hidden until the script can serve it. */
export function commandLine(command: string): Html {
  return html`<div class="command"><code>${command}</code><button type="button" class="copy" hidden>Copy<span class="unseen"> the rerun command</span></button></div>`;
}

type ControlSummary = ReportVerdict["controls"]["twin"];

/** Whether each control held, and why it did not: as text, never only in a tooltip. */
export function controlLines({ controls, family }: ReportVerdict): Html {
  if (
    controls.twin === null &&
    controls.targetAlive === null &&
    (family === "stray" || family === "wiring")
  ) {
    return html`<span>its own look is the control</span>`;
  }
  return html`${controlLine("twin", controls.twin)}${controlLine("target alive", controls.targetAlive)}`;
}

function controlLine(name: string, control: ControlSummary): Html {
  if (control === null) return html`<span class="failed">? ${name}: none</span>`;
  if (control.ok) return html`<span>✓ ${name}</span>`;
  return html`<span class="failed">? ${name}: ${control.problem ?? "failed"}</span>`;
}
