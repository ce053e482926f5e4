import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";

/** Where a residency map declares a thing: the number of its line, from 1. The first line where it does not. */
export interface MapLines {
  system(id: string): number;
  region(id: string): number;
}

export function mapLines(mapText: string): MapLines {
  const counter = new LineCounter();
  const { contents } = parseDocument(mapText, { lineCounter: counter, logLevel: "silent" });
  const root = isMap(contents) ? contents : null;
  const lineOf = (node: unknown) => {
    const start = (node as Node | null)?.range?.[0];
    return start === undefined ? 1 : Math.max(1, counter.linePos(start).line);
  };
  const systems = root?.get("systems", true);
  const regions = root?.get("regions", true);
  const systemLines = new Map(
    (isSeq(systems) ? systems.items : []).flatMap((item): [unknown, number][] =>
      isMap(item) ? [[item.get("id"), lineOf(item)]] : [],
    ),
  );
  const regionLines = new Map(
    (isMap(regions) ? regions.items : []).flatMap(({ key }): [unknown, number][] =>
      isScalar(key) ? [[key.value, lineOf(key)]] : [],
    ),
  );
  return {
    system: (id) => systemLines.get(id) ?? 1,
    region: (id) => regionLines.get(id) ?? 1,
  };
}
