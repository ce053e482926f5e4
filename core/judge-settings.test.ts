import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadVendors } from "../vendors/catalogue.ts";
import { aMap, aRun, aSystem, type asPromised, canaryOf, kinds, reached, verdictOn } from "./a-trial.ts";
import type { Atlas } from "./atlas.ts";
import type { NamedPlace } from "./journal.ts";
import { whereaboutsOf } from "./judge-settings.ts";
import { planAttempts } from "./plan.ts";
import type { SystemKind } from "./residency-map.ts";

const withSettings: SystemKind[] = kinds.map((kind) => ({
  ...kind,
  checks: [
    ...kind.checks,
    {
      probe: "settings",
      family: "wiring",
      looksFor: "settings",
      routes: ["name"],
      credentials: ["none"],
      goal: "data",
      contacts: "own",
      proves: "no setting leads out",
    },
  ],
}));
const map = aMap({
  systems: [
    aSystem({
      endpoint: {
        host: "orders.{region}.internal",
        region: "{region}-central-1",
        bucket: "files-{region}",
        database: "orders",
        domain: "acme.example",
        proxy: { host: "proxy.{region}.internal" },
        greetings: { receiver: { host: "outpost.net" } },
      },
    }),
    aSystem({ id: "site", home: "eu", endpoint: { vendor: "vendor", host: "sites.net" } }),
    aSystem({
      id: "one",
      home: "us",
      endpoint: { host: "one.internal", bucket: "ledger", secret: { credentials: "x" } },
    }),
    aSystem({
      id: "uploads",
      endpoint: { host: "uploads", bucket: "uploads.{region}.example" },
    }),
    aSystem({
      id: "wide",
      endpoint: { host: "{region}.wide.example" },
      perRegion: { eu: { host: "wide.example" } },
    }),
  ],
});
const atlas: Atlas = {
  hosts: {
    "vendor.com": "US",
    "eu.vendor.com": "EU",
    "any.vendor.com": "global",
    "datadoghq.com": "US",
  },
  defaults: { DD_SITE: "datadoghq.com", SENTRY_DSN: null, OTEL_EXPORTER_OTLP_ENDPOINT: "localhost" },
};
const plan = planAttempts(map, withSettings, { environment: "replica", atlas });
const item = plan.items.find(({ probe, from }) => probe === "settings" && from.region === "eu");
if (!item) throw new TypeError("no settings are planned");

const host = (name: string): NamedPlace => ({ what: "host", setting: "X", host: name });
const region = (name: string): NamedPlace => ({ what: "region", setting: "X", region: name });
const bucket = (name: string): NamedPlace => ({ what: "bucket", setting: "X", bucket: name });
const works = (jurisdiction: string): NamedPlace => ({ what: "jurisdiction", setting: "X", jurisdiction });
const unset = (setting: string): NamedPlace => ({ what: "unset", setting });

describe("what a setting of the EU names is", () => {
  test.each<[string, NamedPlace, "here" | "out" | "unknown", RegExp?]>([
    ["the own database", host("orders.eu.internal"), "here"],
    ["a name under the own database's", host("replica-1.orders.eu.internal"), "here"],
    [
      "another region's database",
      host("orders.us.internal"),
      "out",
      /X names orders.us.internal, which is us's/,
    ],
    ["a name under another region's database", host("replica-1.orders.us.internal"), "out", /us's/],
    ["a system that another region alone has", host("one.internal"), "out", /us's/],
    ["a name under another region's, which is under the own one", host("x.us.wide.example"), "out", /us's/],
    ["a name that only ends like a known one", host("notone.internal"), "unknown"],
    ["an address of the own plan", host("10.10.2.3"), "here"],
    ["an address of another region's plan", host("fd10:20::7"), "out", /an address of us/],
    ["an address of nobody's plan", host("203.0.113.9"), "unknown", /nobody here knows/],
    ["the machine itself", host("localhost"), "here"],
    ["the machine itself, by address", host("127.0.0.1"), "here"],
    ["the cloud's metadata service", host("169.254.169.254"), "here"],
    ["a vendor's site in the own jurisdiction", host("eu.vendor.com"), "here"],
    [
      "a name under that site, which may be anywhere",
      host("http-intake.eu.vendor.com"),
      "unknown",
      /no record has/,
    ],
    ["a name under a site abroad", host("http-intake.vendor.com"), "out", /which is in US/],
    ["a vendor's site abroad", host("api.vendor.com"), "out", /which is in US/],
    ["a vendor's site that is nowhere in particular", host("any.vendor.com"), "out", /global/],
    ["a host that nobody knows", host("api.example.net"), "unknown", /api.example.net/],
    ["a host named like an object's own property", host("constructor"), "unknown"],
    ["a host that says itself that it is another region's", host("queue.us.example.net"), "out", /in us/],
    ["a host that says that it is of both", host("eu-to-us.example.net"), "out", /in us/],
    ["a host with another region's id inside of a word", host("plus.example.net"), "unknown"],
    ["a host that says that it is the own region's", host("queue.eu.example.net"), "unknown"],
    ["an AWS endpoint of the own region", host("sqs.eu.amazonaws.com"), "here"],
    ["an AWS endpoint of another region", host("sqs.us.amazonaws.com"), "out"],
    ["an AWS endpoint of a region of nobody's", host("sqs.me-south-1.amazonaws.com"), "unknown"],
    [
      "an AWS endpoint of nobody's, for what is called like the own region",
      host("eu.me-south-1.amazonaws.com"),
      "unknown",
    ],
    ["a name that only begins like an AWS endpoint", host("sqs.eu.amazonaws.com.example.net"), "unknown"],
    ["an AWS endpoint whose region stands before the service", host("x.eu.rds.amazonaws.com"), "here"],
    ["a bucket at an AWS endpoint", host("files.s3.eu.amazonaws.com"), "here"],
    ["a bucket at an old AWS endpoint", host("files.s3-us.amazonaws.com"), "out"],
    ["an instance called like the own region", host("a-eu.x.me-south-1.rds.amazonaws.com"), "unknown"],
    ["an instance called like the own region, abroad", host("a-eu.x.us.rds.amazonaws.com"), "out"],
    ["an instance called like another region, here", host("a-us.x.eu.rds.amazonaws.com"), "here"],
    ["a bucket called like the own region, anywhere", host("eu.s3.amazonaws.com"), "unknown"],
    ["a bucket called like another region, anywhere", host("a-us.s3.amazonaws.com"), "out"],
    ["the own proxy", host("proxy.eu.internal"), "here"],
    ["the own site at a vendor", host("sites.net"), "here"],
    ["a name under the own site at a vendor, which may be anywhere", host("x.sites.net"), "unknown"],
    ["what is no host in the own endpoint", host("orders"), "unknown"],
    ["a name under the own host that has no domain", host("x.uploads"), "unknown"],
    ["a host called like the own bucket", host("files-eu"), "unknown"],
    ["a name under one that only the own bucket has", host("x.uploads.eu.example"), "unknown"],
    ["a name under the own mail domain", host("legacy.acme.example"), "unknown"],
    ["a receiver outside of all regions", host("outpost.net"), "unknown"],
    ["the own region", region("eu"), "here"],
    ["the own region, as the cloud calls it", region("eu-central-1"), "here"],
    ["another region", region("us"), "out"],
    ["another region, as the cloud calls it", region("us-central-1"), "out"],
    ["a database called like a region", region("orders"), "unknown"],
    ["a bucket called like a region", region("files-eu"), "unknown"],
    ["a database called like a bucket", bucket("orders"), "unknown"],
    ["a region that nobody declared", region("eu-west-9"), "unknown", /does not know/],
    ["the own bucket", bucket("files-eu"), "here"],
    ["another region's bucket", bucket("files-us"), "out", /bucket files-us/],
    ["a bucket that another region alone has", bucket("ledger"), "out", /us's/],
    ["a region called like a bucket", bucket("eu-central-1"), "unknown"],
    ["an unknown bucket with another region's name", bucket("other-us-files"), "out"],
    [
      "an unknown bucket with the own region's name, which anybody may choose",
      bucket("other-eu-files"),
      "unknown",
    ],
    ["a model that works in the own jurisdiction", works("eu"), "here"],
    ["a model that works in another", works("us"), "out", /X names us as the place of work/],
    ["a model that may work anywhere", works("global"), "out", /global/],
    ["an unset variable whose SDK goes abroad", unset("DD_SITE"), "out", /datadoghq.com applies/],
    ["an unset variable without which nothing is sent", unset("SENTRY_DSN"), "here"],
    ["an unset variable whose SDK stays on the machine", unset("OTEL_EXPORTER_OTLP_ENDPOINT"), "here"],
    ["an unset variable of nobody's", unset("toString"), "unknown", /nobody here knows/],
    ["what cannot be read", { what: "unreadable", setting: "X" }, "unknown", /cannot be read/],
  ])("%s", (_what, place, kind, reason = /.?/) => {
    const whereabouts = whereaboutsOf(place, item, map);
    expect(whereabouts.kind).toBe(kind);
    expect("reason" in whereabouts ? whereabouts.reason : "").toMatch(reason);
  });

  test("an SDK's default, when the plan knows vendors by itself", () => {
    const usual = planAttempts(map, withSettings, { environment: "replica", vendors: loadVendors() });
    const [own] = usual.items.filter(({ probe, from }) => probe === "settings" && from.region === "eu");
    expect(own && whereaboutsOf(unset("DD_SITE"), own, map)).toEqual({
      kind: "out",
      reason: "DD_SITE is not set, so that datadoghq.com applies, which is in US",
    });
  });

  test.each([
    [true, "here"],
    [false, "unknown"],
  ])("a vendor's host, as far as a source of the vendor says where it is: %s", (verified, kind) => {
    const endpoint = { host: "in.logs.example", jurisdiction: "EU", region: "EU", purpose: "logs" };
    const vendors = loadVendors()
      .slice(0, 1)
      .map((vendor) => ({ ...vendor, endpoints: [{ ...endpoint, default: false, verified }] }));
    const { items } = planAttempts(map, withSettings, { environment: "replica", vendors });
    const own = items.find(({ id }) => id === item.id);
    expect(own && whereaboutsOf(host("in.logs.example"), own, map).kind).toBe(kind);
  });

  test("never here because of a name that no map, plan or vendor vouches for", () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const names = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
    fc.assert(
      fc.property(names, (name) => {
        const vouched =
          /(^|\.)(localhost|(orders|proxy)\.eu\.internal|eu\.vendor\.com|sites\.net|wide\.example)$|^uploads$|amazonaws\.com$|api\.aws$|^[\d.]+$/;
        if (whereaboutsOf(host(name), item, map).kind === "here") expect(name).toMatch(vouched);
      }),
    );
  });
});

describe("the verdict on a look at the settings", () => {
  const own = canaryOf("eu");
  const verdictFor = (settings: NamedPlace[] | undefined, canaries = [own]) => {
    const items = plan.items.filter(({ id }) => id === item.id);
    const findings = settings ? { canaries, settings } : { canaries };
    const observe: typeof asPromised = () => ({ tries: [reached("data", canaries[0])], findings });
    return verdictOn(aRun({ plan: { ...plan, items }, map, observe }));
  };

  test.each<[string, NamedPlace[] | undefined, string, string | null]>([
    ["every place is known and here", [host("orders.eu.internal"), region("eu")], "contained", null],
    ["one leads out", [host("orders.eu.internal"), host("orders.us.internal")], "breached", "WIRED_OUT"],
    [
      "one leads out, and another is unknown",
      [host("x.net"), host("orders.us.internal")],
      "breached",
      "WIRED_OUT",
    ],
    ["one is unknown", [host("orders.eu.internal"), host("x.net")], "inconclusive", null],
    ["none names a place, so that nothing was proven", [], "inconclusive", null],
    ["there is nothing but what is not set", [unset("SENTRY_DSN")], "inconclusive", null],
    ["none were reported", undefined, "inconclusive", null],
  ])("%s", (_what, settings, grade, code) => {
    expect(verdictFor(settings)).toMatchObject({ grade, code });
  });

  test.each<[string, NamedPlace, string]>([
    ["knows as the own region's", host("orders.eu.internal"), "contained"],
    ["knows as another region's", host("orders.us.internal"), "breached"],
    ["does not know", host("x.net"), "inconclusive"],
  ])("a look for links may name hosts too: one that the map %s", (_what, place, grade) => {
    const look = { ...item, looksFor: "links" as const };
    const findings = { canaries: [own], links: [], settings: [place] };
    const observe: typeof asPromised = () => ({ tries: [reached("data", own)], findings });
    expect(verdictOn(aRun({ plan: { ...plan, items: [look] }, map, observe })).grade).toBe(grade);
  });

  test("all that is unknown is listed, as far as a line can hold it", () => {
    const many = Array.from({ length: 9 }, (_, index) => host(`x-${index}.net`));
    expect(verdictFor(many).reason).toMatch(/x-0.net.*x-4.net.*and 4 more$/);
  });

  test("another region's file was read, which is a leak of its own", () => {
    const found = verdictFor([host("orders.us.internal")], [canaryOf("us")]);
    expect(found).toMatchObject({ grade: "breached", code: "FAR_CANARY" });
  });

  test("a file with a marker that nobody planted proves nothing", () => {
    expect(verdictFor([host("orders.eu.internal")], ["f".repeat(64)]).grade).toBe("inconclusive");
  });
});
