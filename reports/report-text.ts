import type { RegionReport, ReportVerdict } from "./report.ts";

export type ReportHead = Omit<RegionReport, "verdicts">;

const opening = '\n  "verdicts": [';

/** The text of `report.json`, piece by piece: its verdicts come last, one a line, so that a large report can be
 *  searched by line and compared without being held. */
export function* reportPieces(head: ReportHead, verdicts: Iterable<ReportVerdict>): Generator<string> {
  yield `${JSON.stringify(head, null, 2).slice(0, -"\n}".length)},${opening}`;
  let before = "\n    ";
  for (const verdict of verdicts) {
    yield before + JSON.stringify(verdict);
    before = ",\n    ";
  }
  yield "\n  ]\n}\n";
}

/** What stands before the verdicts, and the first of them; null where a text is not laid out like that. */
export function readReportHead(chunks: Iterable<Uint8Array>): { head: unknown; first: unknown } | null {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for (const chunk of chunks) {
      text += decoder.decode(chunk, { stream: true });
      const at = text.indexOf(opening);
      const line = at < 0 ? -1 : at + opening.length + 1;
      const end = line < 0 ? -1 : text.indexOf("\n", line);
      if (end < 0) continue;
      const first = text.slice(line, end).trim().replace(/,$/, "");
      return {
        head: JSON.parse(`${text.slice(0, at)}${opening}]}`),
        first: first === "]" ? null : JSON.parse(first),
      };
    }
  } catch {
    return null;
  }
  return null;
}
