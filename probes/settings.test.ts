import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import type { NamedPlace } from "../core/journal.ts";
import { type PlannedItem, planAttempts } from "../core/plan.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import { attempt } from "./attempt.ts";
import { canaryDigest, newCanary } from "./canary.ts";
import { settings } from "./settings.ts";
import { placesIn } from "./settings-places.ts";
import { readSettings } from "./settings-text.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const canary = newCanary();
let files = 0;
function file(text: string, extension = "env"): string {
  const path = join(folder, `settings-${files++}.${extension}`);
  writeFileSync(path, text);
  return path;
}

const map = {
  title: "t",
  attempts: { deadlineMs: 3000 },
  regions: {
    eu: { jurisdiction: "EU", place: "x", addresses: ["10.0.0.0/8"], guard: "drop" },
  },
  systems: [
    {
      id: "settings",
      kind: "settings",
      path: "configuration",
      home: "eu",
      production: true,
      endpoint: {},
      holds: "x",
      retention: "none",
      readers: [],
      exporters: [],
      backups: { storedIn: "none", retention: "none", restoredTo: [] },
      addressFamilies: [4],
      waivers: [],
    },
  ],
} satisfies ResidencyMap as ResidencyMap;
const item = planAttempts(map, [settings], { environment: "t" }).items.find(
  ({ role }) => role === "attempt",
) as PlannedItem;

async function look(endpoint: Record<string, unknown>) {
  const own = settings.endpoint.parse(endpoint);
  const [record] = await attempt(item, {
    probe: settings as never,
    context: {
      runId: "t",
      item,
      own,
      target: own,
      secret: () => "",
      offer: undefined,
      token: "0".repeat(32),
    },
    learned: [],
    onLate: () => {},
    keepOpen: () => {},
  });
  if (!record) throw new TypeError("nothing was tried");
  return record.entry;
}

const marked = (text: string) => `RINGFENCE_CANARY=${canary}\n${text}\n`;
const host = (setting: string, name: string): NamedPlace => ({ what: "host", setting, host: name });

describe("a look at the settings", () => {
  test("reads the marker, and of everything else only the places", async () => {
    const entry = await look({
      files: [file(marked("DATABASE_URL=postgres://app:hidden@db.eu.acme.internal:5432/orders?x=secret"))],
    });
    expect(entry).toMatchObject({
      outcome: { kind: "reached", rung: "data", canary: canaryDigest(canary) },
      findings: {
        canaries: [canaryDigest(canary)],
        settings: [host("DATABASE_URL", "db.eu.acme.internal")],
      },
    });
    expect(JSON.stringify(entry)).not.toMatch(/hidden|secret|orders|5432/);
  });

  test("without a marker it proves nothing, in whichever file it is missing", async () => {
    const files = [file(marked("A=b.acme.com")), file("B=c.acme.com\n")];
    expect((await look({ files })).outcome).toEqual({ kind: "faulted", code: "MARKER_MISSING" });
    expect((await look({ files: [] })).outcome).toEqual({ kind: "faulted", code: "MARKER_MISSING" });
    const forged = file("RINGFENCE_CANARY=no-canary\n");
    expect((await look({ files: [forged] })).outcome).toEqual({ kind: "faulted", code: "MARKER_MISSING" });
  });

  test("hands on the markers of all files, so that another region's file is found out", async () => {
    const other = newCanary();
    const { findings } = await look({ files: [file(marked("")), file(`RINGFENCE_CANARY=${other}\n`)] });
    expect(findings?.canaries).toEqual([canaryDigest(canary), canaryDigest(other)]);
  });

  test("says which expected variables are not set; an empty one is not", async () => {
    const { findings } = await look({
      files: [file(marked("DD_SITE=\nAWS_REGION=eu-central-1"))],
      expects: ["DD_SITE", "AWS_REGION", "OPENAI_BASE_URL"],
    });
    expect(findings?.settings).toEqual([
      { what: "region", setting: "AWS_REGION", region: "eu-central-1" },
      { what: "unset", setting: "DD_SITE" },
      { what: "unset", setting: "OPENAI_BASE_URL" },
    ]);
  });

  test("passes over what the map says is no place, and nothing else", async () => {
    const { findings } = await look({
      files: [file(marked("ENTRY=server.js\nSITE=a.acme.com"))],
      ignore: ["ENTRY"],
    });
    expect(findings?.settings).toEqual([host("SITE", "a.acme.com")]);
  });

  test("reads the variables that are named, of its own process", async () => {
    vi.stubEnv("RINGFENCE_CANARY", canary);
    vi.stubEnv("TEST_SETTINGS_URL", "https://a.acme.com/x");
    vi.stubEnv("OTHER_SETTINGS_URL", "https://b.acme.com/x");
    const { findings } = await look({ environment: ["TEST_SETTINGS_*"] });
    expect(findings?.settings).toEqual([host("TEST_SETTINGS_URL", "a.acme.com")]);
  });

  test("reads the environment of a process that runs, from the kernel", async () => {
    const entry = await look({ files: [`/proc/${process.pid}/environ`], marker: "NO_SUCH_MARKER" });
    expect(entry.outcome).toEqual({ kind: "faulted", code: "MARKER_MISSING" });
  });

  test.each([
    ["that is not there", () => join(folder, "none"), "ENOENT"],
    ["that is a folder", () => folder, "NOT_A_FILE"],
    ["without an end", () => "/dev/zero", "NOT_A_FILE"],
    ["that nobody writes to", () => pipe(), "NOT_A_FILE"],
    ["of 2 GB", () => sparse(), "SEARCH_TRUNCATED"],
    ["of garbage that is called JSON", () => file("\u0000\u0001{", "json"), "UNREADABLE_SETTINGS"],
    ["of YAML that multiplies itself", () => file(bomb, "yaml"), "UNREADABLE_SETTINGS"],
    ["of XML, which is not read", () => file("<host>db.us.acme.com</host>"), "UNREADABLE_SETTINGS"],
    ["of JSON without a bottom", () => file("[".repeat(9000) + "]".repeat(9000), "json"), "SEARCH_TRUNCATED"],
    ["of a line without an end", () => file(`A=${"x".repeat(70_000)}`), "SEARCH_TRUNCATED"],
  ])("a file %s proves nothing, at once", async (_what, make, code) => {
    const entry = await look({ files: [make()] });
    expect(entry.outcome).toEqual({ kind: "faulted", code });
    expect(entry.durationMs).toBeLessThan(2500);
  });
});

function pipe(): string {
  const path = join(folder, `pipe-${files++}`);
  spawnSync("mkfifo", [path]);
  return path;
}

function sparse(): string {
  const path = file("");
  truncateSync(path, 2 ** 31);
  return path;
}

const bomb = Array.from({ length: 12 }, (_, index) =>
  index === 0 ? "a0: &a0 [x, x]" : `a${index}: &a${index} [${`*a${index - 1}, `.repeat(9)}x]`,
).join("\n");

describe("settings are read", () => {
  test.each([
    ["lines", "A=1\nexport B='2'\n# C=3\n\nD = \"4\"\n", "x.env", ["A=1", "B=2", "D=4"]],
    ["sections", "[db]\nhost = a\n[cache]\nhost: b\n", "x.ini", ["db.host=a", "cache.host=b"]],
    ["a process's environment", "A=1\0B=2\n3\0", "environ", ["A=1", "B=2\n3"]],
    ["JSON", '{"a":{"b":["x",1]}}', "x.json", ["a.b.0=x", "a.b.1=1"]],
    ["JSON that is not called so", '{"a":"x"}', "config", ["a=x"]],
    ["JSON within a value", 'VCAP={"db":{"host":"a"}}', "x.env", ["VCAP.db.host=a"]],
    ["YAML", "a:\n  b: [x, true]\n", "x.yaml", ["a.b.0=x", "a.b.1=true"]],
    [
      "a list over several lines",
      'hosts = [\n  "a.acme.com",\n]',
      "x.toml",
      ["hosts=[", "line 2=a.acme.com", "line 3=]"],
    ],
    ["a URL on a line of its own", "https://a.acme.com", "x", ["line 1=https://a.acme.com"]],
  ])("from %s", (_what, text, name, expected) => {
    expect(readSettings(text, name).map(({ name, value }) => `${name}=${value}`)).toEqual(expected);
  });

  test("whatever the text, with an answer or with a code", () => {
    const names = fc.constantFrom("x.env", "x.json", "x.yaml");
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: "binary" })), names, (text, name) => {
        try {
          for (const setting of readSettings(text, name)) placesIn(setting);
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^(UNREADABLE_SETTINGS|SEARCH_TRUNCATED)$/);
        }
      }),
    );
  });
});

describe("the places that a value names", () => {
  const named = (name: string, value: string) =>
    placesIn({ name, value }).map((place) =>
      place.what === "host"
        ? place.host
        : place.what === "region"
          ? `region ${place.region}`
          : place.what === "bucket"
            ? `bucket ${place.bucket}`
            : place.what === "jurisdiction"
              ? `in ${place.jurisdiction}`
              : place.what,
    );

  test.each([
    ["URL", "https://user:pass@API.acme.com:8443/path?q=b.acme.com", ["api.acme.com"]],
    ["DSN", "https://4f2a@o1.ingest.de.sentry.io/42", ["o1.ingest.de.sentry.io"]],
    ["MONGO", "mongodb://u:p@a.acme.com:1,b.acme.com:2/?tls=true", ["a.acme.com", "b.acme.com"]],
    ["URLS", "https://a.acme.com,https://b.acme.com", ["a.acme.com", "b.acme.com"]],
    ["JDBC", "jdbc:sqlserver://a.acme.com:1433;databaseName=x", ["a.acme.com"]],
    ["JDBC", "jdbc:oracle:thin:@a.acme.com:1521:x", ["unreadable"]],
    ["LIBPQ", "host=a.acme.com,10.0.0.7 port=5432 password=b.acme.com", ["a.acme.com", "10.0.0.7"]],
    ["ADO", "Server=tcp:a.acme.com,1433;User ID=x", ["a.acme.com"]],
    ["BROKERS", "a.acme.com:9092, b.acme.com:9092", ["a.acme.com", "b.acme.com"]],
    ["IP", "[fd10::1]:53", ["fd10::1"]],
    ["ZOOKEEPER", "zk1.acme.com:2181,10.0.0.7:2181/kafka", ["zk1.acme.com", "10.0.0.7"]],
    ["MYSQL", "app:b.acme.com@tcp(a.acme.com:3306)/x?y=z", ["a.acme.com"]],
    ["DATABASE", "app:b.acme.com@a.acme.com:5432/x", ["a.acme.com"]],
    ["DATABASE", "app:p@ss@a.acme.com:5432/x", ["unreadable"]],
    ["JAVA_OPTS", "-Xmx1g -Ddb.host=a.acme.com -Dhttps.proxyHost=b", ["a.acme.com", "b"]],
    ["ARGS", "--upstream=a.acme.com:5432 --otlp-endpoint b.acme.com:4317", ["a.acme.com", "b.acme.com"]],
    ["TNS", "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=a.acme.com)(PORT=1521)))", ["a.acme.com"]],
    ["PATH_BEHIND", "x 10.0.0.7:80/v2.0/1", ["10.0.0.7"]],
    ["CEPH", "mon_host=10.0.0.7", ["10.0.0.7"]],
    ["CASSANDRA", "/10.0.0.7:9042", ["10.0.0.7"]],
    ["SENTINELS", "mymaster@10.0.0.7:26379 | [fd10::1]:26379", ["10.0.0.7", "fd10::1"]],
    ["MONGO", "rs0/a.acme.com:27017,10.0.0.7:27017", ["a.acme.com", "10.0.0.7"]],
    ["PEER", "DB.ACME.COM:5432", ["db.acme.com"]],
    ["KAFKA_BOOTSTRAP", "us-kafka-1:9092, us-kafka-2:9092", ["us-kafka-1", "us-kafka-2"]],
    ["POSTGRES_IMAGE", "postgres:18", []],
    ["START", "12:30", []],
    ["LISTEN", "--bind=0.0.0.0:8080 --bind=[::]:8080", []],
    ["RANGES", "allow 10.0.0.0/8 and fd10::/16", []],
    ["LIBPQ", "dbname=x password=10.0.0.7", []],
    ["SITE", "datadoghq.eu", ["datadoghq.eu"]],
    ["AWS_REGION", "us-east-1", ["region us-east-1"]],
    ["ZONE", "eu-central-1b", ["region eu-central-1"]],
    ["GCP", "europe-west3", ["region europe-west3"]],
    ["REGION", "westeurope", ["region westeurope"]],
    ["AZURE_LOCATION", "eastus", ["region eastus"]],
    ["COSMOS_LOCATIONS", "East US", ["unreadable"]],
    ["BIGQUERY_LOCATION", "US", ["in us"]],
    ["CONFIG_LOCATION", "classpath:/app.yaml", []],
    ["QUEUE", "arn:aws:sqs:us-east-1:111122223333:orders", ["region us-east-1"]],
    ["BUCKET", "arn:aws:s3:::acme-files/*", ["bucket acme-files"]],
    ["BUCKET", "s3://acme-files/x", ["bucket acme-files"]],
    ["ROLE", "arn:aws:iam::111122223333:role/reader-us-east-1", ["region us-east-1"]],
    ["ROLE", "arn:aws:iam::111122223333:role/reader", []],
    ["MODEL", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", ["in eu"]],
    ["MODEL", "bedrock/global.amazon.nova-2-lite-v1:0", ["in global"]],
    ["MODEL", "us.meta.llama4-maverick-17b-instruct-v1:0,apac.anthropic.claude-x", ["in us", "in apac"]],
    ["MODEL", "anthropic.claude-sonnet-4-5-v1:0", []],
    ["MODEL", "menu.us.amazon.nova", ["menu.us.amazon.nova"]],
    ["ANTHROPIC_INFERENCE_GEO", "us", ["in us"]],
    ["inferenceGeo", "Global", ["in global"]],
    ["AZURE_OPENAI_DEPLOYMENT_TYPE", "GlobalStandard", ["in global"]],
    ["AZURE_OPENAI_DEPLOYMENT_TYPE", "DataZoneStandard", []],
    ["GOOGLE_CLOUD_LOCATION", "global", ["in global"]],
    ["AWS_REGION", "global", ["in global"]],
    ["SCOPE", "global", []],
    ["DB_HOST", "db", ["db"]],
    ["DB_HOST", "$(THE_HOST)", ["unreadable"]],
    ["DB_HOST", "/var/run/postgresql", []],
    ["URL", "https://$(HOST)/x", ["unreadable"]],
    ["URL", "https://a.acme.com/x?reply=b@acme.com", ["unreadable"]],
    ["URL", "postgres://u:pa/ss@db.acme.com/x", ["unreadable"]],
    ["URL", "unix:///var/run/x.sock", []],
    ["MAIL", "billing@acme.com", []],
    ["VERSION", "1.2.3", []],
    ["FLAG_SERVER", "true", []],
    ["CONTACT", `${"x".repeat(41)}.acme.com`, ["unreadable"]],
  ])("%s=%s", (name, value, expected) => {
    expect(named(name, value)).toEqual(expected);
  });

  test("a secret is never handed on, whatever it looks like", () => {
    for (const name of ["API_KEY", "SESSION_SECRET", "GITHUB_TOKEN", "SMTP_PASSWORD"])
      expect(named(name, "hunter.two.example")).toEqual([]);
  });

  test("user and password of a URL never are, whatever stands in them", () => {
    const word = fc.stringMatching(/^[a-z0-9]{8,12}$/);
    const mark = fc.constantFrom(..."!$%&*()_+.:/?#@;=-\\");
    const words = fc.array(fc.tuple(word, mark), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(words, words, (user, password) => {
        const written = [user, password].map((all) => all.flat().join("")).join(":");
        const found = JSON.stringify(placesIn({ name: "X", value: `pg://${written}@db.acme.com/x` }));
        for (const [part] of [...user, ...password]) expect(found).not.toContain(part);
      }),
      { numRuns: 3000 },
    );
  });

  test("long values take no long time", () => {
    const begun = performance.now();
    for (const piece of [
      "a",
      "a.",
      "a-",
      ",a",
      "a:",
      "a:a@",
      "tcp(",
      "(host",
      " -",
      "password=",
      "1:",
      ":80",
      "host=",
      "://",
      "arn:aws:",
      "1.",
      "us-",
      " =",
      "@",
    ])
      placesIn({ name: "X", value: piece.repeat(60_000 / piece.length) });
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});
