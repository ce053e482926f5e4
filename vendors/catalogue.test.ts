import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { atlasOf } from "../core/atlas.ts";
import { canonicalJson } from "../core/digest.ts";
import { RingfenceError } from "../core/errors.ts";
import { endpointFor, hostOf } from "../core/vendors.ts";
import { loadVendors } from "./catalogue.ts";

const vendors = loadVendors();
const folder = mkdtempSync(join(tmpdir(), "ringfence-vendors-"));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
/** Loads a folder that holds just these files, and gives the error's message, or null. */
function refusalOf(files: Record<string, string>): string | null {
  count += 1;
  const here = join(folder, String(count));
  mkdirSync(here);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(here, name), text);
  try {
    loadVendors(here);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(RingfenceError);
    expect(error).toMatchObject({ code: "VENDOR_INVALID" });
    return (error as RingfenceError).message;
  } finally {
    rmSync(here, { recursive: true });
  }
}

const good = () => ({
  id: "acme",
  name: "Acme",
  path: "telemetry",
  category: "telemetry",
  request: { method: "POST", path: "/in", contentType: "application/json", body: '{"text":"{canary}"}' },
  endpoints: [
    {
      host: "in.acme.example",
      jurisdiction: "US",
      region: "us",
      purpose: "Takes events",
      default: true,
      verified: true,
    },
    { host: "in.eu.acme.example", jurisdiction: "EU", region: "eu", purpose: "Takes events", verified: true },
    {
      host: "{region}.acme.example",
      jurisdiction: "varies",
      region: "named",
      purpose: "Takes files",
      verified: false,
    },
  ],
  settings: [{ name: "ACME_HOST", default: "in.acme.example" }],
  notes: "One sentence.",
  sources: ["https://acme.example/regions"],
  checked: "2026-11-24",
});
type Place = Record<string, unknown>;
const placesOf = (record: ReturnType<typeof good>): Place[] => [
  record,
  record.request,
  record.endpoints[0] as Place,
  record.settings[0] as Place,
];
const refused = (change: (record: ReturnType<typeof good>) => void) => {
  const record = good();
  change(record);
  return refusalOf({ "acme.yaml": stringify(record) });
};

describe("the catalogue", () => {
  test("holds every record of its folder, under the name of its file", () => {
    const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".yaml"));
    expect(vendors.map(({ id }) => `${id}.yaml`)).toEqual(files.sort());
    expect(vendors.length).toBeGreaterThanOrEqual(48);
  });

  test("is an atlas in the order of the alphabet, which a plan then need not sort", () => {
    expect(JSON.stringify(atlasOf(vendors))).toBe(canonicalJson(atlasOf(vendors)));
  });

  test.each(vendors)("$id is short and says when it was read", ({ notes, endpoints, checked }) => {
    expect(notes.split(/[.!?]+(?:\s|$)/).filter(Boolean).length).toBeLessThanOrEqual(3);
    for (const { purpose } of endpoints) {
      expect(purpose).toMatch(/^[A-Z]/);
      expect(purpose.length).toBeLessThanOrEqual(60);
    }
    expect(Date.parse(checked)).toBeLessThanOrEqual(Date.now());
  });

  test.each(vendors)(
    "$id is asked without anything that could be billed, delivered or kept",
    ({ request }) => {
      const body = request.body ?? "";
      if (/json/.test(request.contentType ?? "")) expect(() => JSON.parse(body)).not.toThrow();
      expect(/max_tokens/.test(body)).toBe(
        /max_tokens/.test(body) && body.includes("ringfence-no-such-model"),
      );
      expect(body).not.toMatch(/@|"to"|recipient/i);
      expect(JSON.stringify({ ...request, body: "" })).not.toContain("{canary}");
    },
  );

  test("knows each of its own hosts again, with the jurisdiction of its line", () => {
    const account = new Proxy<Record<string, string>>(
      {},
      { get: (_, key) => (key === "region" ? "eu-central-1" : "acme") },
    );
    for (const vendor of vendors) {
      const literal = vendor.endpoints.filter(({ host }) => !host.includes("{"));
      for (const endpoint of vendor.endpoints) {
        const host = hostOf(endpoint, account);
        const expected = literal.find((other) => other.host === host) ?? endpoint;
        expect(endpointFor(vendor, host ?? "", account)).toBe(expected);
      }
    }
  });

  test("every default is of an SDK, and its setting leads to it", () => {
    const withSettings = vendors.filter(({ settings }) => settings.some((setting) => setting.default));
    expect(withSettings.length).toBeGreaterThanOrEqual(12);
    for (const { endpoints, settings } of withSettings) {
      const defaults = endpoints.filter((endpoint) => endpoint.default).map(({ host }) => host);
      for (const setting of settings) if (setting.default) expect(defaults).toContain(setting.default);
    }
  });
});

describe("a record that is wrong", () => {
  test("is told from one that is right", () => {
    expect(refused(() => {})).toBeNull();
  });

  test("of random bytes is refused by the name of its file, and never crashes the loader", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.object().map((value) => stringify(value)),
    );
    fc.assert(
      fc.property(text, (garbage) => {
        const message = refusalOf({ "garbage.yaml": garbage });
        expect(message).toContain("garbage.yaml is no vendor record:");
        expect(message).not.toMatch(/[\p{Cc}--\n]/v);
      }),
      { numRuns: 300 },
    );
  });

  test("names the key whose value is of the wrong kind", () => {
    const junk = fc.oneof(
      fc.constant(null),
      fc.integer(),
      fc.dictionary(fc.constantFrom("a", "b"), fc.integer()),
    );
    fc.assert(
      fc.property(fc.nat(3), fc.nat(20), junk, (place, at, value) => {
        const record = good();
        const target = placesOf(record)[place] as Place;
        const key = Object.keys(target)[at % Object.keys(target).length] as string;
        fc.pre(!(key === "request" && value !== null && typeof value === "object"));
        target[key] = value;
        expect(refusalOf({ "acme.yaml": stringify(record) })).toMatch(
          new RegExp(`acme\\.yaml[^]*\\b${key}\\b`),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("names a key that nobody knows, because a misspelt one would be lost in silence", () => {
    const known = new Set(placesOf(good()).flatMap((place) => Object.keys(place)));
    fc.assert(
      fc.property(fc.nat(3), fc.stringMatching(/^[a-z]{1,12}$/), fc.jsonValue(), (place, key, value) => {
        fc.pre(!known.has(key));
        const record = good();
        (placesOf(record)[place] as Place)[key] = value;
        expect(refusalOf({ "acme.yaml": stringify(record) })).toContain(`"${key}"`);
      }),
      { numRuns: 200 },
    );
  });

  test("says the line where it stops being YAML", () => {
    expect(refusalOf({ "acme.yaml": "id: acme\nname: [open\npath: llm\n" })).toMatch(/not YAML at line [34]/);
  });

  test("in a file that cannot be read is a refusal as well", () => {
    mkdirSync(join(folder, "kept", "acme.yaml"), { recursive: true });
    expect(() => loadVendors(join(folder, "kept"))).toThrow(
      /acme\.yaml is no vendor record:\nit cannot be read/,
    );
  });

  const first = (record: ReturnType<typeof good>) => record.endpoints[0] as Place;
  const wrongs: [why: string, change: (record: ReturnType<typeof good>) => void, message: RegExp][] = [
    ["its id is not its file", (r) => Object.assign(r, { id: "other" }), /^id: it is "other"/m],
    [
      "a host is there twice",
      (r) => Object.assign(first(r), { host: "in.eu.acme.example" }),
      /endpoints\[1\]\.host: .* twice/,
    ],
    [
      "a placeholder has a name of its own",
      (r) => Object.assign(first(r), { host: "{zone}.acme.example" }),
      /endpoints\[0\]\.host: \{zone\}/,
    ],
    [
      "a brace is open",
      (r) => Object.assign(first(r), { host: "{region.acme.example" }),
      /endpoints\[0\]\.host: .*brace/,
    ],
    [
      "a pattern hides a host after it",
      (r) => {
        r.endpoints.reverse();
        Object.assign(r, { settings: [] });
        Object.assign(r.endpoints[2] as Place, { host: "eu-west-1.acme.example" });
      },
      /endpoints\[2\]\.host: .*before the pattern/,
    ],
    [
      "a country of the EU is not written EU",
      (r) => Object.assign(first(r), { jurisdiction: "DE" }),
      /endpoints\[0\]\.jurisdiction: write EU/,
    ],
    [
      "Britain has two names",
      (r) => Object.assign(first(r), { jurisdiction: "GB" }),
      /endpoints\[0\]\.jurisdiction: write UK/,
    ],
    [
      "an unknown place is verified",
      (r) => Object.assign(first(r), { jurisdiction: "unknown" }),
      /endpoints\[0\]\.verified/,
    ],
    [
      "one purpose has two defaults",
      (r) => Object.assign(r.endpoints[1] as Place, { default: true }),
      /endpoints\[1\]\.default/,
    ],
    [
      "a setting's default is no default",
      (r) => Object.assign(r.settings[0] as Place, { default: "in.eu.acme.example" }),
      /settings\[0\]\.default/,
    ],
    [
      "a setting is no environment variable",
      (r) => Object.assign(r.settings[0] as Place, { name: "acme host" }),
      /settings\[0\]\.name/,
    ],
    ["nobody can check it", (r) => Object.assign(r, { sources: [] }), /^sources: name one/m],
    ["a source has no address", (r) => Object.assign(r, { sources: ["I was told"] }), /sources\[0\]/],
    [
      "the canary is in the path",
      (r) => Object.assign(r.request, { path: "/{canary}" }),
      /^request: \{canary\}/m,
    ],
    ["the canary is in a note", (r) => Object.assign(r, { notes: "{canary}" }), /^request: \{canary\}/m],
    ["a body has no canary", (r) => Object.assign(r.request, { body: "{}" }), /request\.body: has no/],
    ["a GET has a body", (r) => Object.assign(r.request, { method: "GET" }), /request\.body: a GET/],
    [
      "a body has no type",
      (r) => Object.assign(r, { request: { method: "POST", path: "/", body: "{canary}" } }),
      /request\.contentType/,
    ],
    [
      "a real model is asked",
      (r) => Object.assign(r.request, { body: '{"model": "gpt-4o", "max_tokens": 1, "x": "{canary}"}' }),
      /request\.body: .*model/,
    ],
    [
      "somebody is written to",
      (r) => Object.assign(r.request, { body: '{"text":"{canary}","to":"+15550100"}' }),
      /request\.body: no recipient/,
    ],
    [
      "an address is in the body",
      (r) => Object.assign(r.request, { body: "x=someone%40example.org&y={canary}" }),
      /request\.body: no address/,
    ],
    [
      "money is moved",
      (r) => Object.assign(r.request, { body: "amount=100&d={canary}" }),
      /request\.body: nothing that is paid/,
    ],
    [
      "a credential is sent",
      (r) => Object.assign(r.request, { body: '{"token":"x","y":"{canary}"}' }),
      /request\.body: no credential/,
    ],
  ];
  test.each(wrongs)("is refused where %s", (_, change, message) => {
    expect(refused(change)).toMatch(message);
  });

  test.each(["in.acme.example", "deeper.in.acme.example", "acme.example", "{org}.in.acme.example"])(
    "is refused where %s is another vendor's as well, because a host has to have one owner",
    (host) => {
      const other = { ...good(), id: "other", settings: [] };
      other.endpoints = [{ ...(other.endpoints[0] as (typeof other.endpoints)[number]), host }];
      const message = refusalOf({ "acme.yaml": stringify(good()), "other.yaml": stringify(other) });
      expect(message).toMatch(/endpoints: ".*" belongs to/);
    },
  );

  test("is refused where another has another default for the same variable, because only one of them would count", () => {
    const other = {
      ...good(),
      id: "other",
      endpoints: [{ ...good().endpoints[0], host: "in.other.example" }],
    };
    const refused = (settings: object[]) =>
      refusalOf({ "acme.yaml": stringify(good()), "other.yaml": stringify({ ...other, settings }) });
    expect(refused([{ name: "OTHER_HOST" }])).toBeNull();
    expect(refused([{ name: "ACME_HOST" }])).toMatch(/settings: ACME_HOST has another default/);
    expect(refused([{ name: "ACME_HOST", default: "in.other.example" }])).toMatch(/has another default/);
  });
});
