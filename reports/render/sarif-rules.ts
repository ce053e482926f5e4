import type { ReportingDescriptor, Result } from "sarif";
import type { LeakPath } from "../../core/vocabulary.ts";
import type { RegionReport } from "../report.ts";
import { sarifText } from "./escape-sarif.ts";
import { visible } from "./visible.ts";
import { pathWords } from "./words.ts";

const own = {
  "region-grade": "A region must be shown to be isolated. This one is not.",
  gap: "What the map promises must be tried. This could not be.",
  journal: "A record that is not whole is no evidence.",
} as const;

/** One rule for each probe of a leak path, whether it found anything or not: a reader sees what was asked. */
export class SarifRules {
  readonly descriptors: ReportingDescriptor[] = [];
  readonly #indices = new Map<string, number>();

  constructor(reports: readonly RegionReport[]) {
    for (const [id, text] of Object.entries(own)) this.#add(id, text, []);
    for (const { path, probe } of reports.flatMap(({ verdicts }) => verdicts)) {
      const id = probeRule(path, probe);
      if (!this.#indices.has(id))
        this.#add(id, `${pathWords(path)}: what ${probe} tries must be shown to be contained.`, [path]);
    }
  }

  /** How a result names a rule. */
  ofProbe(path: LeakPath, probe: string): Pick<Result, "ruleId" | "ruleIndex"> {
    return this.#named(probeRule(path, probe));
  }

  own(id: keyof typeof own): Pick<Result, "ruleId" | "ruleIndex"> {
    return this.#named(id);
  }

  #named(id: string): Pick<Result, "ruleId" | "ruleIndex"> {
    return { ruleId: id, ruleIndex: this.#indices.get(id) ?? -1 };
  }

  #add(id: string, text: string, paths: readonly LeakPath[]): void {
    const described = { text: sarifText(text) };
    this.#indices.set(id, this.descriptors.length);
    this.descriptors.push({
      id,
      shortDescription: described,
      fullDescription: described,
      help: {
        text: "An error got through. A warning proves nothing either way. Each result names its rerun.",
      },
      defaultConfiguration: { level: "error" },
      properties: { tags: ["data-residency", ...paths] },
    });
  }
}

function probeRule(path: LeakPath, probe: string): string {
  return visible(`${path}/${probe}`);
}
