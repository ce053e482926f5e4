import type { Vendor, VendorEndpoint } from "../core/vendors.ts";
import { leakPaths } from "../core/vocabulary.ts";
import { groupBy } from "./group-by.ts";
import { bold, dim, table } from "./terminal.ts";
import { wrap } from "./wrap.ts";

const width = 100;
const legend =
  "* what an SDK uses that nobody configured   ? no source of the vendor says so: never relied upon";

/** One line a vendor and jurisdiction, by leak path. */
export function vendorList(vendors: readonly Vendor[]): string {
  const idWidth = Math.max(...vendors.map(({ id }) => id.length));
  const paths = leakPaths.filter((known) => vendors.some(({ path }) => path === known));
  const sections = paths.map((known) => {
    const here = vendors.filter(({ path }) => path === known);
    return [dim(known), ...here.map((vendor) => vendorRows(vendor, idWidth))].join("\n");
  });
  const hosts = vendors.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  const count = `${vendors.length} vendors, ${hosts} hosts; \`ringfence vendors NAME\` shows a whole record`;
  return [...sections, `${legend}\n${count}`].join("\n\n");
}

function vendorRows({ id, endpoints }: Vendor, idWidth: number): string {
  const jurisdictions = groupBy(inOrder(endpoints), ({ jurisdiction }) => jurisdiction);
  const lines = [...jurisdictions].flatMap(([jurisdiction, group]) =>
    wrap(group.map(marked).join(" "), width - idWidth - 13).map((hosts, index) => ({
      jurisdiction: index === 0 ? jurisdiction : "",
      hosts,
    })),
  );
  return lines
    .map(({ jurisdiction, hosts }, index) => {
      const name = (index === 0 ? id : "").padEnd(idWidth);
      return `  ${bold(name)}  ${jurisdiction.padEnd(7)}  ${hosts}`;
    })
    .join("\n");
}

/** The whole record. */
export function vendorPage(vendor: Vendor): string {
  const { id, name, path, category, request, endpoints, settings, notes, sources, checked } = vendor;
  const body = request.body === undefined ? "" : ", with a canary in its body";
  return [
    `${bold(name)}  ${id}, ${category}, on the leak path ${path}`,
    ...wrap(notes, width),
    ...[...groupBy(endpoints, ({ purpose }) => purpose)].map(
      ([purpose, group]) => `\n${purpose}\n${endpointTable(group)}`,
    ),
    "",
    legend,
    "",
    ...settings.map((setting) => settingLine(setting)),
    ...wrap(`is asked without a key: ${request.method} ${request.path}${body}`, width),
    "",
    dim(`sources, read ${checked}`),
    ...sources.flatMap((source) =>
      wrap(source, width - 4).map((line, at) => (at === 0 ? `  ${line}` : `    ${line}`)),
    ),
  ].join("\n");
}

function endpointTable(endpoints: readonly VendorEndpoint[]): string {
  const rows = inOrder(endpoints).map((endpoint) => [
    `  ${marked(endpoint)}`,
    endpoint.jurisdiction,
    endpoint.region,
  ]);
  return table(rows)
    .split("\n")
    .flatMap((line) => wrapTail(line))
    .join("\n");
}

/** A row too wide is continued under itself, where its columns start. */
function wrapTail(line: string): string[] {
  if (line.length <= width) return [line];
  const cut = line.lastIndexOf(" ", width);
  return [line.slice(0, cut), `      ${line.slice(cut + 1)}`];
}

function settingLine(setting: Vendor["settings"][number]): string {
  const otherwise =
    setting.default === undefined ? "without it: no host of the vendor" : `without it: ${setting.default}`;
  return `${setting.name}  ${otherwise}`;
}

function marked({ host, verified, ...endpoint }: VendorEndpoint): string {
  return `${host}${endpoint.default ? "*" : ""}${verified ? "" : "?"}`;
}

function inOrder(endpoints: readonly VendorEndpoint[]): VendorEndpoint[] {
  return [...endpoints].sort(
    (a, b) => rank(a.jurisdiction) - rank(b.jurisdiction) || (a.jurisdiction < b.jurisdiction ? -1 : 1),
  );
}

/** Places first, then the answers that name none. */
function rank(jurisdiction: string): number {
  return ["global", "varies", "unknown"].indexOf(jurisdiction) + 1;
}
