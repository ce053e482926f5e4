import { readControls } from "../../reports/controls.ts";
import { escapeHtml } from "../../reports/render/escape-html.ts";
import { escapeMarkdown } from "../../reports/render/escape-markdown.ts";
import { hostileTexts } from "../../reports/render/hostile.ts";
import { renderRegionHtml } from "../../reports/render/html.ts";
import { renderRegionMarkdown } from "../../reports/render/markdown.ts";
import type { RegionReport } from "../../reports/report.ts";
import { note, type Sweep } from "./sweep.ts";

/** Where a far system's words, and the map's, get into a report. */
const places = {
  "the map's title": (report, text) => ({ ...report, title: text }),
  "a region's place": (report, text) => ({ ...report, region: { ...report.region, place: text } }),
  "a banner": (report, text) => ({
    ...report,
    grade: "breached",
    counts: { ...report.counts, breached: 1, contained: report.counts.contained - 1 },
    verdicts: report.verdicts.map((verdict, index) =>
      index === 0 ? { ...verdict, grade: "breached", code: text, reason: text } : verdict,
    ),
  }),
} satisfies Record<string, (report: RegionReport, text: string) => RegionReport>;

/** Markup in what others say is no markup in the pages: it is there as text, and as nothing else. */
export function attackPages(report: RegionReport, into: Sweep): void {
  const { controls } = readControls();
  for (const [place, smuggle] of Object.entries(places)) {
    for (const text of hostileTexts) {
      const hostile = smuggle(report, text);
      const pages = [
        { kind: "HTML", page: renderRegionHtml(hostile, controls), asText: escapeHtml },
        { kind: "Markdown", page: renderRegionMarkdown(hostile), asText: escapeMarkdown },
      ];
      for (const { kind, page, asText } of pages) {
        // A region's Markdown does not name the map.
        if (kind === "Markdown" && place === "the map's title") continue;
        const shown = page.includes(asText(text));
        // Where escaping leaves a text as it is, it holds nothing to be escaped.
        const raw = asText(text) !== text && page.includes(text);
        note(
          into,
          { kind: `${kind} smuggled into a page`, what: `${place}: ${JSON.stringify(text)}` },
          shown && !raw ? [`it is shown as text: ${asText(text).slice(0, 60)}`] : [],
        );
      }
    }
  }
}
