import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseMap } from "../environments/map-file.ts";
import { postgres } from "../probes/postgres.ts";
import { s3 } from "../probes/s3.ts";
import { type Problem, RingfenceError } from "./errors.ts";
import { endpointOf, type ResidencyMap, type System } from "./residency-map.ts";

const file = "residency.yaml";
const options = { kinds: [postgres, s3], today: "2026-11-22", file };

const whole = `title: A trial
regions:
  eu-central-1:
    jurisdiction: EU
    place: Frankfurt, Germany
    addresses: [10.10.0.0/16, "fd10:10::/48"]
    guard: drop
  us-east-1:
    jurisdiction: US
    place: Virginia, USA
    addresses: [10.20.0.0/16, "fd10:20::/48"]
    guard: reject
systems:
  - id: orders-db
    kind: postgres
    path: database
    home: each-region
    endpoint:
      host: orders.{region}.internal
      database: orders
      credentials:
        own: { user: app, password: "env:{REGION}_PASSWORD" }
        canary: { user: canary, password: env:CANARY_PASSWORD }
        replication: { user: replication, password: file:/run/secrets/replication }
        auditor: { user: auditor, password: env:AUDITOR_PASSWORD }
    holds: Orders
    retention: 7 years
    readers: [checkout]
    exporters: []
    backups: { storedIn: same-region, retention: 35 days, restoredTo: [] }
`;

/** The map with one text replaced, which must be there. */
function withText(from: string, to: string): string {
  if (!whole.includes(from)) throw new TypeError(`the map holds no ${from}`);
  return whole.replace(from, to);
}

function problemsOf(text: string): readonly Problem[] {
  try {
    parseMap(text, options);
  } catch (error) {
    expect(error).toBeInstanceOf(RingfenceError);
    expect(error).toMatchObject({ code: "MAP_INVALID" });
    return (error as RingfenceError).problems;
  }
  return [];
}

function read(text: string): { map: ResidencyMap; system: System } {
  const map = parseMap(text, options);
  const [system] = map.systems;
  if (!system) throw new TypeError("the map holds no system");
  return { map, system };
}

const waiver = (expires: string, to = "us-east-1") =>
  `    waivers: [{ from: eu-central-1, to: ${to}, owner: a, reason: b, approver: c, expires: ${expires} }]\n`;
const lineOf = (part: string, text: string) => text.slice(0, text.indexOf(part)).split("\n").length;

test("a whole map is read, and what it leaves out is filled in", () => {
  const { map, system } = read(whole);
  expect(map.attempts.deadlineMs).toBe(4000);
  expect(system).toMatchObject({ addressFamilies: [4, 6], waivers: [], endpoint: { port: 5432, tls: true } });
});

describe("a bad line is named, with what was expected, what stood there, and what to do", () => {
  type Row = [what: string, text: string, at: string, problem: Partial<Record<keyof Problem, unknown>>];
  const rows: Row[] = [
    [
      "a key that is misspelt",
      withText("retention: 7 years", "retenton: 7 years"),
      "retenton",
      {
        code: "MAP_UNKNOWN_KEY",
        path: "systems[0].retenton",
        got: '"retenton"',
        fix: expect.stringContaining('"retention"'),
      },
    ],
    [
      "a key at the top that is misspelt",
      withText("title:", "titel:"),
      "titel",
      { code: "MAP_UNKNOWN_KEY", path: "titel", fix: expect.stringContaining('"title"') },
    ],
    [
      "a key of a region that is misspelt",
      withText("guard: drop", "gaurd: drop"),
      "gaurd",
      {
        code: "MAP_UNKNOWN_KEY",
        path: "regions.eu-central-1.gaurd",
        fix: expect.stringContaining('"guard"'),
      },
    ],
    [
      "a private domain with a star, which would be taken for that very name and hide nothing below it",
      `private: { names: ["*.acme.internal"] }\n${whole}`,
      "private",
      {
        code: "MAP_WRONG_VALUE",
        path: "private.names[0]",
        expected: expect.stringContaining("without * or {region}"),
      },
    ],
    [
      "a key of an endpoint that is misspelt",
      withText("      host:", "      hots:"),
      "hots",
      { code: "MAP_UNKNOWN_KEY", path: "systems[0].endpoint.hots", fix: expect.stringContaining('"host"') },
    ],
    [
      "a key that only this kind has",
      withText("      host: orders.{region}.internal\n", "      host: a.internal\n      baseBackpu: true\n"),
      "baseBackpu",
      {
        code: "MAP_UNKNOWN_KEY",
        path: "systems[0].endpoint.baseBackpu",
        expected: expect.stringContaining("baseBackup"),
        fix: expect.stringContaining('"baseBackup"'),
      },
    ],
    [
      "a key of one of its logins",
      withText("own: { user: app, password:", "own: { user: app, pasword:"),
      "pasword",
      {
        code: "MAP_UNKNOWN_KEY",
        path: "systems[0].endpoint.credentials.own.pasword",
        fix: expect.stringContaining('"password"'),
      },
    ],
    [
      "a key of an override",
      withText("    holds:", "    perRegion: { us-east-1: { databse: x } }\n    holds:"),
      "databse",
      {
        code: "MAP_UNKNOWN_KEY",
        path: "systems[0].perRegion.us-east-1.databse",
        fix: expect.stringContaining('"database"'),
      },
    ],
    [
      "a kind that is misspelt",
      withText("kind: postgres", "kind: postgers"),
      "kind: postgers",
      {
        code: "MAP_WRONG_VALUE",
        path: "systems[0].kind",
        expected: '"postgres" or "s3"',
        fix: expect.stringContaining('"postgres"'),
      },
    ],
    [
      "a map without a region",
      withText(whole.slice(whole.indexOf("regions:"), whole.indexOf("systems:")), "regions: {}\n"),
      "regions",
      { code: "MAP_WRONG_VALUE", path: "regions", expected: "at least one region" },
    ],
    [
      "a key that means nothing",
      withText("title:", "colour: blue\ntitle:"),
      "colour",
      { code: "MAP_UNKNOWN_KEY", fix: expect.stringContaining("remove it") },
    ],
    [
      "a key that is missing",
      withText("    holds: Orders\n", ""),
      "id: orders-db",
      { code: "MAP_MISSING_KEY", path: "systems[0].holds", got: "nothing", fix: 'add "holds"' },
    ],
    [
      "a value of another type",
      withText("database: orders", "database: [orders]"),
      "database: [orders]",
      { code: "MAP_WRONG_TYPE", path: "systems[0].endpoint.database", expected: "a text", got: '["orders"]' },
    ],
    [
      "a kind that nobody can probe",
      withText("kind: postgres", "kind: postgers"),
      "kind: postgers",
      { code: "MAP_WRONG_VALUE", path: "systems[0].kind", got: '"postgers"' },
    ],
    [
      "a guard that is none",
      withText("guard: drop", "guard: dorp"),
      "guard: dorp",
      { code: "MAP_WRONG_VALUE", got: '"dorp"', fix: expect.stringContaining('"drop"') },
    ],
    [
      "a leak path that is none",
      withText("path: database", "path: databse"),
      "path: databse",
      { code: "MAP_WRONG_VALUE", fix: expect.stringContaining('"database"') },
    ],
    [
      "a block that is none",
      withText("10.10.0.0/16", "10.10.0.0/99"),
      "10.10.0.0/99",
      {
        code: "MAP_WRONG_VALUE",
        path: "regions.eu-central-1.addresses[0]",
        expected: expect.stringContaining("CIDR"),
      },
    ],
    [
      "a retention that is no duration",
      withText("7 years", "a while"),
      "retention: a while",
      { code: "MAP_WRONG_VALUE", expected: expect.stringContaining("35 days") },
    ],
    [
      "a home that is not declared",
      withText("home: each-region", "home: eu-wst-1"),
      "home: eu-wst-1",
      {
        code: "MAP_UNKNOWN_REGION",
        path: "systems[0].home",
        got: '"eu-wst-1"',
        expected: expect.stringContaining("eu-central-1, us-east-1"),
      },
    ],
    [
      "a home that is misspelt by one letter",
      withText("home: each-region", "home: us-esst-1"),
      "home: us-esst-1",
      { code: "MAP_UNKNOWN_REGION", fix: expect.stringContaining('"us-east-1"') },
    ],
    [
      "backups that are stored where nothing is declared",
      withText("storedIn: same-region", "storedIn: eu-west-9"),
      "storedIn",
      { code: "MAP_UNKNOWN_REGION", path: "systems[0].backups.storedIn" },
    ],
    [
      "a waiver to a region that is not declared",
      whole + waiver("2027-01-01", "sa-east-1"),
      "waivers",
      { code: "MAP_UNKNOWN_REGION", path: "systems[0].waivers[0].to" },
    ],
    [
      "an override for a region that is not declared",
      `${whole}    perRegion: { eu-west-9: { port: 6000 } }\n`,
      "perRegion",
      { code: "MAP_UNKNOWN_REGION", path: "systems[0].perRegion.eu-west-9" },
    ],
    [
      "IPv4 blocks that overlap, because an address must say whose it is",
      withText("10.20.0.0/16", "10.10.128.0/17"),
      "10.10.128.0/17",
      {
        code: "MAP_OVERLAPPING_ADDRESSES",
        path: "regions.us-east-1.addresses[0]",
        got: expect.stringContaining("10.10.0.0/16 of eu-central-1"),
      },
    ],
    [
      "IPv6 blocks that overlap",
      withText("fd10:20::/48", "fd10::/16"),
      "fd10::/16",
      { code: "MAP_OVERLAPPING_ADDRESSES", path: "regions.us-east-1.addresses[1]" },
    ],
    [
      "a check that is asked for, without what it needs",
      withText("    holds: Orders", "    checks: [postgres, postgres-frozen]\n    holds: Orders"),
      "checks:",
      {
        code: "MAP_MISSING_KEY",
        path: "systems[0].checks[1]",
        expected: expect.stringContaining('"moving" in the endpoint'),
      },
    ],
    [
      "a region that is at home twice",
      withText("home: each-region", "home: [us-east-1, us-east-1]"),
      "home:",
      { code: "MAP_WRONG_VALUE", path: "systems[0].home" },
    ],
    [
      "a waiver that expired yesterday",
      whole + waiver("2026-11-21"),
      "waivers",
      {
        code: "MAP_EXPIRED_WAIVER",
        path: "systems[0].waivers[0].expires",
        got: "2026-11-21",
        expected: expect.stringContaining("2026-11-22"),
      },
    ],
    [
      "a day that does not exist",
      whole + waiver("2026-13-01"),
      "waivers",
      { code: "MAP_WRONG_VALUE", path: "systems[0].waivers[0].expires" },
    ],
    [
      "a secret where its name belongs",
      withText("env:CANARY_PASSWORD", "hunter2"),
      "password: hunter2",
      {
        code: "MAP_INLINE_SECRET",
        path: "systems[0].endpoint.credentials.canary.password",
        fix: expect.stringContaining("env:NAME"),
      },
    ],
    [
      "a secret in plain sight elsewhere",
      withText("holds: Orders", "holds: postgres://app:hunter2@db/orders"),
      "holds:",
      { code: "MAP_INLINE_SECRET", path: "systems[0].holds" },
    ],
  ];
  test.each(rows)("%s", (_what, text, at, expected) => {
    const problems = problemsOf(text);
    const problem = problems.find(({ code }) => code === expected.code);
    expect(problem, JSON.stringify(problems)).toMatchObject({ file, line: lineOf(at, text), ...expected });
    for (const key of ["path", "expected", "got", "fix"] as const) expect(problem?.[key]).not.toBe("");
  });

  test("an id used twice, by the second", () => {
    const second = whole.slice(whole.indexOf("  - id:"));
    const problems = problemsOf(whole + second);
    expect(problems).toEqual([
      expect.objectContaining({
        code: "MAP_DUPLICATE_ID",
        path: "systems[1].id",
        line: whole.split("\n").length,
        got: expect.stringContaining("systems[0]"),
      }),
    ]);
  });

  test("today's waiver still holds", () => {
    expect(problemsOf(whole + waiver("2026-11-22"))).toEqual([]);
  });

  test("all at once, from the top, because a person corrects a file and not a line", () => {
    const text = withText("guard: drop", "guard: dorp")
      .replace("10.20.0.0/16", "10.10.0.0/16")
      .replace("home: each-region", "home: mars")
      .replace("holds: Orders", "hold: Orders");
    const problems = problemsOf(text + waiver("2020-01-01"));
    expect(new Set(problems.map(({ code }) => code))).toEqual(
      new Set([
        "MAP_WRONG_VALUE",
        "MAP_OVERLAPPING_ADDRESSES",
        "MAP_UNKNOWN_REGION",
        "MAP_UNKNOWN_KEY",
        "MAP_MISSING_KEY",
        "MAP_EXPIRED_WAIVER",
      ]),
    );
    expect(problems.map(({ line }) => line)).toEqual(
      problems.map(({ line }) => line).toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    );
  });

  test("the message says it all, for those who see nothing else", () => {
    expect(() => parseMap(withText("guard: drop", "guard: dorp"), options)).toThrow(
      /residency\.yaml:7 .*regions\.eu-central-1\.guard/,
    );
  });
});

describe("a file that is no map", () => {
  test.each([
    ["broken YAML", "title: [a, b\n"],
    ["a key written twice, because only one of the two would count", `${whole}title: Again\n`],
    ["a tab for indentation", "regions:\n\teu: {}\n"],
    ["two documents", `${whole}---\n${whole}`],
  ])("%s", (_what, text) => {
    expect(problemsOf(text)[0]).toMatchObject({ code: "MAP_NOT_YAML", file, line: expect.any(Number) });
  });

  test("what follows from the first errors is not listed, so that they are seen", () => {
    const problems = problemsOf(whole.replace("    kind: postgres", "\tkind: postgres"));
    expect(problems.length).toBeLessThanOrEqual(3);
    expect(problems[0]).toMatchObject({
      line: lineOf("    kind: postgres", whole),
      fix: "indent with spaces",
    });
  });

  test("an alias of nothing is named with its line", () => {
    const text = whole.replace("title: A trial", "title: &a A trial").replace("holds: Orders", "holds: *b");
    expect(problemsOf(text.replace("retention: 7 years", "retention: *a"))).toMatchObject([
      { code: "MAP_NOT_YAML", line: lineOf("holds: Orders", whole) },
    ]);
  });

  test("a vendor of which there is no record is named, with the one that was meant", () => {
    const text = whole.replace("      host: orders", "      vendor: datadgo\n      host: orders");
    const problems = (vendors?: string[]) => {
      try {
        parseMap(text, vendors ? { ...options, vendors } : options);
      } catch (error) {
        return (error as RingfenceError).problems.filter(({ code }) => code === "MAP_UNKNOWN_VENDOR");
      }
      return [];
    };
    expect(problems(["datadog", "sentry"])).toMatchObject([
      {
        path: "systems[0].endpoint.vendor",
        line: lineOf("      host", whole),
        fix: expect.stringContaining('"datadog"'),
      },
    ]);
    expect(problems(["datadgo"])).toEqual([]);
    expect(problems()).toEqual([]);
  });

  test("nothing in it: every key that must be there is named", () => {
    for (const text of ["", "# nothing yet\n", "{}"]) {
      const missing = problemsOf(text).map(({ code, path }) => `${code} ${path}`);
      expect(missing).toEqual([
        "MAP_MISSING_KEY title",
        "MAP_MISSING_KEY regions",
        "MAP_MISSING_KEY systems",
      ]);
    }
  });

  test.each(["- a list", "a text", "42", "true"])("%j instead of a map", (text) => {
    expect(problemsOf(text)).not.toEqual([]);
  });

  test.each([
    ["an alias of nothing", "title: *nothing\n"],
    ["an alias of itself", `${whole}$schema: &a [*a]\n`],
    ["a list that holds itself", "title: a\nsystems: &a [*a]\n"],
    [
      "a billion laughs",
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n`,
    ],
  ])("%s", (_what, text) => {
    expect(problemsOf(text)).not.toEqual([]);
  });

  test("whatever stands in it, the error is one that a person can act on", () => {
    const key = fc.constantFrom(
      "title",
      "regions",
      "systems",
      "attempts",
      "endpoint",
      "home",
      "waivers",
      "id",
      "kind",
      "addresses",
      "__proto__",
      "constructor",
    );
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom("postgres", "eu-central-1", "10.0.0.0/8"),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
      ),
    }));
    const mangled = fc
      .record({
        at: fc.nat(whole.length),
        length: fc.nat(30),
        more: fc.oneof(
          fc.string(),
          fc.constantFrom("&a", "*a", "!x ", "? ", "- ", "{", "]", "<<: ", "|\n", "\t", "---\n"),
        ),
      })
      .map(({ at, length, more }) => whole.slice(0, at) + more + whole.slice(at + length));
    const text = fc.oneof(
      fc.string(),
      fc.dictionary(key, tree).map((value) => stringify(value)),
      mangled,
    );
    fc.assert(
      fc.property(text, (any) => void problemsOf(any)),
      { numRuns: 1500 },
    );
  });
});

describe("a secret is never repeated, wherever it was written", () => {
  const canary = "env:CANARY_PASSWORD";
  const rows: [where: string, text: (secret: string) => string, secret: string][] = [
    ["as a password", (secret) => withText(canary, secret), "hunter2-hunter2"],
    ["as a password that is a number", (secret) => withText(canary, secret), "8442197733"],
    ["as a password in a list", (secret) => withText(canary, `[${secret}]`), "hunter2-hunter2"],
    [
      "in a login written as one text",
      (secret) => withText(`{ user: canary, password: ${canary} }`, `"postgres://app:${secret}@db"`),
      "hunter2-hunter2",
    ],
    [
      "as an access key",
      (secret) => withText("database: orders", `database: ${secret}`),
      "AKIAIOSFODNN7EXAMPLE",
    ],
    [
      "as a token in place of a host",
      (secret) => withText("orders.{region}.internal", secret),
      "ghp_abcdefghijklmnopqrstuvwxyz012345",
    ],
    [
      "as a token in place of a home",
      (secret) => withText("each-region", secret),
      "ghp_abcdefghijklmnopqrstuvwxyz012345",
    ],
    [
      "as a token in place of a retention",
      (secret) => withText("7 years", secret),
      "sk-live-abcdefghijklmnop",
    ],
    [
      "in a login that stands one level too high",
      (secret) => withText("orders.{region}.internal", `{ user: app, password: ${secret} }`),
      "hunter2-hunter2",
    ],
    [
      "under a key that nobody knows",
      (secret) => withText("title:", `apiKey: ${secret}\ntitle:`),
      "hunter2-hunter2",
    ],
    ["in YAML that cannot be read", (secret) => withText(canary, `"${secret}`), "hunter2-hunter2"],
  ];
  test.each(rows)("%s", (_where, text, secret) => {
    expect.assertions(3);
    try {
      parseMap(text(secret), options);
    } catch (error) {
      expect(error).toMatchObject({ code: "MAP_INVALID" });
      expect(String(error)).not.toContain(secret);
      expect(JSON.stringify(error)).not.toContain(secret);
    }
  });
});

describe("an endpoint in one of its regions", () => {
  test("carries the region's name, and in references its capitals", () => {
    const { system } = read(whole);
    expect(endpointOf(system, "us-east-1")).toMatchObject({
      host: "orders.us-east-1.internal",
      credentials: { own: { password: "env:US_EAST_1_PASSWORD" } },
    });
  });

  test("an override changes what it names and nothing else", () => {
    const changed = withText("database: orders\n", "database: orders\n      port: 6543\n      tls: false\n");
    const text = `${changed}    perRegion: { us-east-1: { host: other.internal } }\n`;
    const { system } = read(text);
    expect(endpointOf(system, "us-east-1")).toMatchObject({
      host: "other.internal",
      port: 6543,
      tls: false,
      database: "orders",
    });
    expect(endpointOf(system, "eu-central-1")).toMatchObject({
      host: "orders.eu-central-1.internal",
      port: 6543,
    });
  });

  test("an override is checked like the endpoint", () => {
    expect(problemsOf(`${whole}    perRegion: { us-east-1: { prt: 1 } }\n`)).toEqual([
      expect.objectContaining({
        code: "MAP_UNKNOWN_KEY",
        path: "systems[0].perRegion.us-east-1.prt",
        fix: expect.stringContaining('"port"'),
      }),
    ]);
  });
});
