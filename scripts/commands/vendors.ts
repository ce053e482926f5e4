import { nearest } from "../../core/nearest.ts";
import type { Vendor } from "../../core/vendors.ts";
import { loadVendors } from "../../vendors/catalogue.ts";
import { parseOptions, usage } from "../options.ts";
import { vendorList, vendorPage } from "../vendor-text.ts";

export const help = `ringfence vendors: what is known of the vendors that a map can name

  NAME…              these vendors' whole records, with notes and sources
  --path P           only this leak path; may be repeated
  --jurisdiction J   only endpoints there, such as EU, US, global; may be repeated
  --json             the records themselves

Without a NAME it lists them by leak path: which hosts lead where. See docs/vendors.md.`;

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("vendors", args, {
    path: { type: "string", multiple: true },
    jurisdiction: { type: "string", multiple: true },
    json: { type: "boolean" },
  });
  const all = loadVendors();
  const named = options.rest.map((name) => vendorNamed(all, name));
  const jurisdictions = choose(
    "jurisdiction",
    options.texts("jurisdiction"),
    all.flatMap(({ endpoints }) => endpoints.map(({ jurisdiction }) => jurisdiction)),
  );
  const paths = choose(
    "path",
    options.texts("path"),
    all.map(({ path }) => path),
  );
  const chosen = (named.length > 0 ? [...new Set(named)] : all)
    .filter(({ path }) => paths.length === 0 || paths.includes(path))
    .map((vendor) => within(vendor, jurisdictions))
    .filter(({ endpoints }) => endpoints.length > 0);
  process.stdout.write(`${textOf(chosen, { json: options.flag("json"), whole: named.length > 0 })}\n`);
  return 0;
}

function textOf(vendors: readonly Vendor[], { json, whole }: { json: boolean; whole: boolean }): string {
  if (json) return JSON.stringify(vendors, null, 2);
  if (vendors.length === 0) return "no vendor of the catalogue is all of that";
  return whole ? vendors.map(vendorPage).join("\n\n") : vendorList(vendors);
}

function within(vendor: Vendor, jurisdictions: readonly string[]): Vendor {
  if (jurisdictions.length === 0) return vendor;
  const endpoints = vendor.endpoints.filter(({ jurisdiction }) => jurisdictions.includes(jurisdiction));
  return { ...vendor, endpoints };
}

/** By id or by name, in any case. */
function vendorNamed(all: readonly Vendor[], asked: string): Vendor {
  const wanted = asked.toLowerCase();
  const found = all.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted);
  if (found) return found;
  const close = nearest(
    wanted,
    all.flatMap(({ id, name }) => [id, name]),
  ).map((word) => all.find(({ id, name }) => id === word || name === word)?.id ?? word);
  throw usage(
    `vendors: there is no record of "${asked}"`,
    close.length > 0
      ? `did you mean ${[...new Set(close)].join(", ")}?`
      : "list them with `ringfence vendors`; docs/vendors.md says how to add one",
  );
}

function choose(option: string, asked: readonly string[], known: readonly string[]): string[] {
  const distinct = [...new Set(known)].sort();
  return asked.map((word) => {
    const found = distinct.find((one) => one.toLowerCase() === word.toLowerCase());
    if (found === undefined)
      throw usage(
        `--${option}: no vendor of the catalogue has "${word}"`,
        `use one of ${distinct.join(", ")}`,
      );
    return found;
  });
}
