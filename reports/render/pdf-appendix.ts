import { type Controls, supportOf } from "../controls.ts";
import type { RegionReport } from "../report.ts";
import { wording } from "../statement.ts";
import { groupBy, unclaimed } from "./findings.ts";
import { ink, styles, wrap } from "./pdf-lines.ts";
import type { Paper } from "./pdf-paper.ts";
import { table } from "./pdf-table.ts";
import { provenanceOf } from "./provenance.ts";
import { countText, pathWords, verifyCommand } from "./words.ts";

/** What the map does not promise: nobody may read it as shown, or as missing. */
export function notClaimedSection(paper: Paper, reports: readonly RegionReport[]): void {
  const all = unclaimed(reports);
  if (all.length === 0) return;
  paper.section("Not claimed here", { count: countText(all.length) });
  paper.text(
    "The map of this environment does not promise these, so they were not tried: neither a pass nor a gap.",
  );
  table(
    paper,
    [
      { name: "Leak path", part: 15 },
      { name: "System", part: 17 },
      { name: "Probes", part: 28 },
      { name: "Reason", part: 40 },
    ],
    groupBy(all, ({ system, reason }) => `${system} ${reason}`).map((alike) => [
      pathWords(alike[0].path),
      alike[0].system,
      alike.map(({ probe }) => probe).join(", "),
      alike[0].reason,
    ]),
  );
}

export function inventorySection(paper: Paper, reports: readonly RegionReport[]): void {
  const systems = reports.flatMap(({ region, systems }) =>
    systems.map((system) => ({ ...system, region: region.id })),
  );
  if (systems.length === 0) return;
  const same = groupBy(systems, ({ region: _, ...declared }) => JSON.stringify(declared));
  paper.section("Declared systems", { count: countText(same.length) });
  paper.text(
    "As declared in the residency map, and not observed. Ringfence tries what is declared; it does not discover what is not.",
  );
  const quiet = { ...styles.cell, ink: ink.quiet };
  table(
    paper,
    [
      { name: "System", part: 19 },
      { name: "Holds", part: 25 },
      { name: "Kept for", part: 11 },
      { name: "Read by", part: 17 },
      { name: "Taken out by", part: 14 },
      { name: "Backups", part: 18 },
    ],
    same.map((alike) => {
      const { id, path, kind, holds, retention, readers, exporters, backups } = alike[0];
      const regions = alike.map(({ region }) => region);
      const where =
        regions.length === reports.length && regions.length > 1 ? "in each region" : regions.join(", ");
      return [
        {
          texts: [
            [id, styles.cellStrong],
            [`${pathWords(path)} · ${kind}`, quiet],
            [where, quiet],
          ],
        },
        holds,
        retention,
        readers.join(", ") || "nobody",
        exporters.join(", ") || "nobody",
        backups,
      ];
    }),
  );
}

export function criteriaSection(
  paper: Paper,
  controls: Controls | null,
  reports: readonly RegionReport[],
): void {
  const frameworks = controls ? supportOf(controls, reports) : [];
  if (frameworks.length === 0) return;
  paper.section("Criteria it may support", { keep: 90 });
  paper.text(
    "Management-generated evidence that may support these criteria, by the mapping in controls.yaml. It does not establish compliance, or an auditor’s conclusion.",
  );
  for (const { name, criteria } of frameworks) {
    paper.subsection(name);
    table(
      paper,
      [
        { name: "Criterion", part: 34 },
        { name: "Leak paths tried", part: 48 },
        { name: "Attempts contained", part: 18, align: "right" },
      ],
      criteria.map(({ id, about, paths, planned, contained }) => [
        {
          texts: [
            [id, styles.cellStrong],
            [about, { ...styles.cell, ink: ink.quiet }],
          ],
        },
        paths.map(pathWords).join(", "),
        `${countText(contained)} of ${countText(planned)}`,
      ]),
    );
  }
}

/** Where it comes from, and how to check it without trusting whoever hands it over. */
export function verifySection(
  paper: Paper,
  reports: readonly RegionReport[],
  files: Readonly<Record<string, string>>,
): void {
  paper.section("Verify it yourself", { keep: 120 });
  paper.text(
    "This page is a view of signed evidence, and proves nothing by itself. The command checks the signatures and works out every verdict again from the observations: offline, on a machine of your own. DIR is the folder of this run; whose keys count you have to know from their owners, and not from this folder.",
  );
  paper.gap(6);
  paper.box({ ground: ink.raised, bar: ink.line }, (width) => wrap(verifyCommand, styles.code, width));
  paper.gap(8);
  table(
    paper,
    [
      { name: "What", part: 32 },
      { name: "Value", part: 68 },
    ],
    provenanceOf(reports, files).map(({ name, texts }) => [
      name,
      { texts: texts.map((text) => [text, styles.code] as const) },
    ]),
  );
  paper.subsection("What each region’s evidence says");
  for (const report of reports) paper.text(wording(report), styles.quiet);
}
