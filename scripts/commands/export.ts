import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { sha256 } from "../../core/digest.ts";
import { RingfenceError, whyUnreadable } from "../../core/errors.ts";
import type { WrittenRun } from "../../reports/compare.ts";
import { type Controls, readControls } from "../../reports/controls.ts";
import { readRun } from "../../reports/read-run.ts";
import { RunFolder } from "../../reports/run-folder.ts";
import { isWithin } from "../is-within.ts";
import { parseOptions, usage } from "../options.ts";
import { filesIn } from "../out-directory.ts";
import { plain } from "../terminal.ts";
import { writeNew } from "../write-whole.ts";

export const help = `ringfence export DIR --to WHAT: makes files of a run for other people's tools

  DIR             a folder that \`ringfence run\` wrote
  --to WHAT       pdf, xlsx, csv, sarif, oscal; may be repeated, or named with commas
  --out FOLDER    where to write (default: here). Not into DIR, whose signatures would not cover them
  --map PATH      sarif: where the residency map lies in your repository (default: residency.yaml)

  pdf             report.pdf: the run on paper
  xlsx, csv       population.xlsx, population.csv: every attempt; \`run\` writes and signs them, too
  sarif           results.sarif: what is not contained, for code scanning; \`run\` writes and signs it, too
  oscal           assessment-results.json: OSCAL 1.1.3 assessment results

Reads what stands there, and verifies nothing: \`ringfence verify\` does. Nothing is written over.
Exit: 0 written, 64 usage.`;

interface Source extends WrittenRun {
  directory: string;
  mapFile: string;
}

const kinds: Record<string, { file: string; render: (source: Source) => Promise<string | Uint8Array> }> = {
  pdf: { file: "report.pdf", render: pdf },
  xlsx: {
    file: "population.xlsx",
    render: async ({ run, reports }) =>
      (await import("../../reports/render/xlsx.ts")).renderWorkbook(run, reports),
  },
  csv: {
    file: "population.csv",
    render: async ({ reports }) => (await import("../../reports/render/csv.ts")).renderPopulationCsv(reports),
  },
  sarif: { file: "results.sarif", render: sarif },
  oscal: { file: "assessment-results.json", render: oscal },
};

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("export", args, {
    to: { type: "string", multiple: true },
    out: { type: "string" },
    map: { type: "string" },
  });
  const [directory, ...more] = options.rest;
  if (!directory || more.length > 0 || !existsSync(join(directory, "run.json")))
    throw usage(
      `export: ${directory ? `${more[0] ?? directory} holds no run` : "no folder was named"}`,
      "name one folder that `ringfence run` wrote",
    );
  const wanted = options.texts("to").flatMap((text) => text.split(","));
  const chosen = wanted.map((name) => (Object.hasOwn(kinds, name) && kinds[name]) || unknown(name));
  if (chosen.length === 0) unknown("");
  const out = resolve(options.text("out") ?? ".");
  if (isWithin(directory, out))
    throw usage(
      `export: --out: ${out} is the run's own folder, and no signature would cover what is added`,
      "name another folder with --out",
    );
  if (existsSync(join(out, "run.json")))
    throw usage(
      `export: --out: ${out} holds a run of its own, and no signature would cover what is added`,
      "name another folder with --out",
    );
  const source = { ...readRun(directory), directory, mapFile: options.text("map") ?? "residency.yaml" };
  filesIn(out);
  for (const { file, render } of chosen) {
    writeNew(join(out, file), await render(source), { option: "export: --out" });
    process.stdout.write(`${plain(relative(process.cwd(), join(out, file)))}\n`);
  }
  return 0;
}

async function pdf({ run, reports, directory }: Source): Promise<Uint8Array> {
  const { renderPdf } = await import("../../reports/render/pdf.ts");
  const names = ["run.json", ...reports.map(({ region }) => `${region.id}/report.json`)];
  return renderPdf(run, reports, {
    controls: controlsIn(directory),
    files: Object.fromEntries(names.map((name) => [name, sha256(readFileSync(join(directory, name)))])),
  });
}

async function sarif({ run, reports, directory, mapFile }: Source): Promise<string> {
  const { renderSarif } = await import("../../reports/render/sarif.ts");
  return renderSarif(run, reports, mapIn(directory), mapFile);
}

function mapIn(directory: string): string {
  const file = join(directory, "residency.yaml");
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new RingfenceError("EVIDENCE_INVALID", `${file} cannot be read: ${whyUnreadable(cause)}`, {
      cause,
      fix: "name a folder that `ringfence run` wrote, with all that is in it",
    });
  }
}

async function oscal({ run, reports, directory }: Source): Promise<string> {
  const { renderOscal } = await import("../../reports/render/oscal.ts");
  const folder = new RunFolder(directory);
  const files = Object.fromEntries(folder.names().map((name) => [name, folder.sha256(name)]));
  return renderOscal(run, reports, { controls: controlsIn(directory), files });
}

function controlsIn(directory: string): Controls | null {
  const file = join(directory, "controls.yaml");
  return existsSync(file) ? readControls(file).controls : null;
}

function unknown(name: string): never {
  throw usage(
    name === "" ? "export: no --to WHAT" : `export: --to: there is no "${name}"`,
    `use one or more of ${Object.keys(kinds).join(", ")}`,
  );
}
