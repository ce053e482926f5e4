import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import type { PlannedItem } from "../core/plan.ts";
import { attempt } from "./attempt.ts";
import { canariesIn, newCanary } from "./canary.ts";
import { https } from "./https.ts";
import { canariesOf, outcomeOf, turnsAway } from "./https-answer.ts";
import { covers, domainOf } from "./https-routing.ts";
import type { Probe } from "./probe.ts";

const own = newCanary();
const far = newCanary();

type Said = { status?: number; headers?: Record<string, string | string[]>; body?: string } | string;
type Answers = Record<string, Said | ((asked: IncomingMessage, body: string) => Said)>;

/** A service that answers by path; what it does not know is 404. */
async function serving(answers: Answers): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer(async (asked: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await asked.toArray()).toString();
    const known = answers[(asked.url ?? "").split("?")[0] ?? ""];
    const said = typeof known === "function" ? known(asked, body) : (known ?? { status: 404 });
    const { status = 200, headers = {}, body: text = "" } = typeof said === "string" ? { body: said } : said;
    response.writeHead(status, headers).end(text);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = async () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

async function tried(
  probe: string,
  answers: Answers,
  more: Record<string, unknown> = {},
  role: PlannedItem["role"] = "attempt",
) {
  await using server = await serving({ "/canary": own, ...answers });
  const token = { token: "env:TOKEN" };
  const endpoint = https.endpoint.parse({
    host: "127.0.0.1",
    port: server.port,
    tls: false,
    canaryPath: "/canary",
    searchPath: "/search",
    linksPaths: ["/peers"],
    placePath: "/where",
    tenants: { path: "/tenants/{tenant}", token: "env:{TENANT}_TOKEN" },
    cookie: { path: "/session", elsewhere: "app.{tenant}.example" },
    directoryPath: "/directory",
    log: { path: "/log", postTo: "/tenants/{tenant}" },
    credentials: { own: token, canary: token, auditor: token },
    ...more,
  });
  const check = https.checks.find((candidate) => candidate.probe === probe);
  if (!check) throw new TypeError(`no check ${probe}`);
  const item: PlannedItem = {
    id: probe,
    role,
    family: check.family,
    path: "search",
    kind: "https",
    probe,
    title: probe,
    vector: { route: "name", addressFamily: 4, credentials: "own" },
    from: { region: "eu", principal: "workload" },
    to: { region: "eu", system: "search" },
    stopBy: "network",
    goal: check.goal,
    contacts: check.contacts,
    deadlineMs: 2000,
    ...(check.perOtherRegion ? { about: "us-east-1" } : {}),
  };
  const [record] = await attempt(item, {
    probe: https as unknown as Probe,
    context: {
      item,
      own: endpoint,
      target: endpoint,
      runId: "a-run",
      token: "0".repeat(32),
      secret: (reference) => `secret of ${reference}`,
      offer: undefined,
    },
    learned: [],
    onLate: () => {},
    keepOpen: (ladder) => ladder.close(),
  });
  if (!record) throw new TypeError("no try");
  return record.entry;
}

const reached = { kind: "reached", rung: "data", canary: sha256(own) };

describe("canaries in an answer", () => {
  const text = fc.string().filter((some) => !some.includes("ringfence-canary-"));

  test("every one is found, whatever stands around it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, fc.constant(null).map(newCanary)), { maxLength: 5 }),
        text,
        (parts, end) => {
          const whole = parts.map(([before, canary]) => `${before} ${canary}`).join(" ") + end;
          expect(canariesIn(whole)).toEqual([...new Set(parts.map(([, canary]) => sha256(canary)))]);
        },
      ),
    );
  });

  test("nothing else is ever digested, because it might be a customer's", () => {
    fc.assert(fc.property(text, (some) => canariesIn(some).length === 0));
    expect(canariesIn(own.slice(0, -1))).toEqual([]);
  });

  test("a header gives data away as well as a body", () => {
    expect(canariesOf({ headers: { location: `https://x/?q=${own}` }, body: far })).toEqual([
      sha256(own),
      sha256(far),
    ]);
  });
});

describe("what a status means", () => {
  const home = "app.eu.example";
  const asked = { tls: true, host: "app.us.example", home };
  const answer = (status: number, headers = {}, body = "") => ({ status, headers, body, peer: null });

  test.each<[number, object, object]>([
    [401, {}, { kind: "refused", rung: "authentication", code: "HTTP_401" }],
    [403, {}, { kind: "refused", rung: "authorization", code: "HTTP_403" }],
    [421, {}, { kind: "refused", rung: "authorization", code: "HTTP_421" }],
    [307, { location: `https://${home}/a` }, { kind: "refused", rung: "authorization", code: "HTTP_307" }],
    [307, { location: "/login" }, { kind: "faulted", code: "HTTP_307" }],
    [302, { location: "https://cdn.us.example/a" }, { kind: "faulted", code: "HTTP_302" }],
    [308, { location: `http://${home}/a` }, { kind: "faulted", code: "HTTP_308" }],
    [304, { location: `https://${home}/a` }, { kind: "faulted", code: "HTTP_304" }],
    ...[404, 407, 429, 451, 500, 503].map((status): [number, object, object] => [
      status,
      {},
      { kind: "faulted", code: `HTTP_${status}` },
    ]),
    [200, {}, { kind: "faulted", code: "NO_CANARY_IN_ANSWER" }],
  ])("%i %j", (status, headers, outcome) =>
    expect(outcomeOf(answer(status, headers), asked)).toEqual(outcome),
  );

  test("a refusal that carries the canary has handed out the data", () => {
    for (const status of [200, 302, 403, 421, 500])
      expect(outcomeOf(answer(status, {}, own), asked)).toEqual(reached);
  });

  test("without TLS nobody knows who refused", () => {
    const outcome = outcomeOf(answer(403), { ...asked, tls: false });
    expect(outcome).toEqual({ kind: "faulted", code: "HTTP_403_UNVERIFIED" });
  });

  test("of several canaries none is named: it is data, and whose is not for the probe to say", () => {
    expect(outcomeOf(answer(200, {}, `${own} ${far}`), asked)).toEqual({ kind: "reached", rung: "data" });
  });
});

describe("a look into the own service", () => {
  test("reports all that its search finds, and only that", async () => {
    const entry = await tried("https-stray", { "/search": `{"hits":["${own}","x ${far}!"]}` });
    expect(entry).toMatchObject({
      outcome: reached,
      findings: { canaries: [sha256(own), sha256(far)].sort() },
    });
    expect(await tried("https-stray", { "/search": "{}" })).toMatchObject({ findings: { canaries: [] } });
  });

  test.each<[string, (canary: string) => string]>([
    ["base64", (canary) => Buffer.from(`{"note":"${canary}"}`).toString("base64")],
    ["escapes", (canary) => canary.replaceAll("-", "\\u002d")],
  ])(
    "finds a far canary that its store has put into %s, beside the own one that it has not",
    async (_, wrap) => {
      const entry = await tried("https-stray", { "/search": `{"hits":["${own}","${wrap(far)}"]}` });
      expect(entry.findings?.canaries).toEqual([sha256(own), sha256(far)].sort());
    },
  );

  test("a search whose answer ends with the connection may have been cut", async () => {
    const unbounded: Answers["search"] = ({ socket }) => {
      socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${own}`);
      return "";
    };
    const entry = await tried("https-stray", { "/search": unbounded });
    expect(entry.outcome).toEqual({ kind: "faulted", code: "SEARCH_TRUNCATED" });
  });

  test("a search that was compressed is not read, so that not even the own canary is found", async () => {
    const headers = { "content-encoding": "gzip" };
    const body = gzipSync(`${own} ${far}`).toString("latin1");
    const entry = await tried("https-stray", { "/search": { headers, body } });
    expect(entry.findings).toEqual({ canaries: [] });
  });

  test("posts the search where it has a body, and presents the token in the header that the map names", async () => {
    const echo: Answers = {
      "/canary": ({ headers }) => (headers["api-key"] === "secret of env:TOKEN" ? own : { status: 401 }),
      "/search": ({ method }, body) => `${method} ${body === "{}" ? own : ""}`,
    };
    const more = { tokenHeader: "api-key: {token}", searchBody: "{}" };
    expect(await tried("https-stray", echo, more)).toMatchObject({ findings: { canaries: [sha256(own)] } });
  });

  test.each([
    ["https-stray", { "/search": '{"hits":[],"nbHits":57}' }],
    ["https-links", { "/peers": '{"peers":[],"next_cursor":"p2"}' }],
    ["https-directory", { "/directory": '{"entries":["us-east-1"],"next_cursor":"p2"}' }],
    ["https-providers", { "/models": '{"data":[],"has_more":true}' }],
  ])("%s: a first page is no look at all of it", async (probe, answers) => {
    const entry = await tried(probe, answers, { providersPaths: ["/models"] });
    expect(entry.outcome).toEqual({ kind: "faulted", code: "SEARCH_TRUNCATED" });
  });

  test("what it found stands, even when the search then fails", async () => {
    const entry = await tried("https-stray", { "/search": { status: 500, body: far } });
    expect(entry).toMatchObject({
      outcome: { kind: "faulted", code: "HTTP_500" },
      findings: { canaries: [sha256(own), sha256(far)].sort() },
    });
  });

  test("names peers with the addresses that they lead to", async () => {
    const entry = await tried("https-links", { "/peers": '{"a":{"seeds":["10.20.2.11:9300"]}}' });
    const link = { what: "the peer in /peers", peer: "10.20.2.11", addresses: ["10.20.2.11"] };
    expect(entry).toMatchObject({ outcome: reached, findings: { links: [link] } });
  });

  test("says where it was answered, besides what the service says", async () => {
    const entry = await tried("https-wiring", { "/where": '{"region":"eu","address":"10.10.2.9"}' });
    const servedFrom = { addresses: ["127.0.0.1", "10.10.2.9"], region: "eu" };
    expect(entry).toMatchObject({ findings: { servedFrom } });
  });

  test("a public service may answer from any address, so only its word counts", async () => {
    const more = { placePath: undefined, publicPlacePath: "/where" };
    const entry = await tried("https-place", { "/where": '{"region":"us-east-1"}' }, more);
    expect(entry).toMatchObject({ findings: { servedFrom: { addresses: [], region: "us-east-1" } } });
  });

  test("without the own canary there is no look", async () => {
    const entry = await tried("https-stray", { "/canary": "", "/search": own });
    expect(entry).toMatchObject({ outcome: { kind: "faulted", code: "NO_CANARY_IN_ANSWER" } });
  });
});

describe("a gateway to models", () => {
  const listing = JSON.stringify({
    data: [
      { name: "first", params: { model: "openai/x", api_base: "https://eu.api.example/v1" } },
      { name: "fallback", params: { model: "bedrock/us.anthropic.claude-x-v1:0" } },
    ],
  });

  test("is asked whom it may send to, fallbacks included", async () => {
    const entry = await tried("https-providers", { "/models": listing }, { providersPaths: ["/models"] });
    expect(entry).toMatchObject({ outcome: reached });
    expect(entry.findings?.settings?.map(({ setting, ...place }) => place)).toEqual([
      { what: "host", host: "eu.api.example" },
      { what: "jurisdiction", jurisdiction: "us" },
    ]);
  });

  test.each([
    ["beside one that says it", '[{"model":"openai/x"},{"model":"y","api_base":"https://eu.api.example"}]'],
    ["or a vendor", '[{"provider":"openai"},{"provider":"y","custom_host":"https://eu.api.example"}]'],
    ["in a list of many lines", '[\n  { "model": "openai/x" },\n  { "region": "eu-central-1" }\n]'],
  ])("that names a model without a place, %s, leaves it open where that one works", async (_what, said) => {
    const entry = await tried("https-providers", { "/models": said }, { providersPaths: ["/models"] });
    expect(entry.findings?.settings).toContainEqual({
      what: "unreadable",
      setting: expect.stringMatching(/model|provider/),
    });
  });

  test("that lists nobody says nothing", async () => {
    const entry = await tried("https-providers", { "/models": "{}" }, { providersPaths: ["/models"] });
    expect(entry.findings?.settings).toEqual([]);
  });

  const answer = { answer: { path: "/chat", body: '{"max_tokens":1}' } };

  test.each([
    ["us", { what: "jurisdiction", jurisdiction: "us" }],
    ["Global", { what: "jurisdiction", jurisdiction: "global" }],
    ["eu-central-1", { what: "region", region: "eu-central-1" }],
    ["somewhere nice", { what: "unreadable" }],
  ])("that answers from %s", async (word, place) => {
    const said = JSON.stringify({ usage: { inference_geo: word }, inference: { geo: "eu" } });
    const entry = await tried("https-answer", { "/chat": said }, answer);
    expect(entry.findings?.settings).toEqual([{ ...place, setting: "inference_geo in the answer of /chat" }]);
  });

  test("that answers from two regions names both", async () => {
    const said = JSON.stringify({ inference_geo: "eu-central-1, us-east-1" });
    const entry = await tried("https-answer", { "/chat": said }, answer);
    expect(entry.findings?.settings?.map((place) => "region" in place && place.region)).toEqual([
      "eu-central-1",
      "us-east-1",
    ]);
  });

  test("that does not say from where it answers proves nothing", async () => {
    const entry = await tried("https-answer", { "/chat": '{"usage":{}}' }, answer);
    expect(entry.outcome).toEqual({ kind: "faulted", code: "NO_PLACE_IN_ANSWER" });
  });
});

describe("what is sent to customers", () => {
  /** A receiver to which every order is delivered, from these addresses. */
  const delivering = (...sources: string[]): Answers => {
    const came: { token: string; from: string; at: string }[] = [];
    const at = new Date().toISOString();
    return {
      "/events": (_, body) => {
        const token = /ringfence-([0-9a-f]{32})/.exec(body)?.[1] ?? "";
        came.push(...sources.map((from) => ({ token, from, at })));
        return { status: 202 };
      },
      "/arrivals": () => JSON.stringify([{ token: "0".repeat(32), from: "192.0.2.1", at }, ...came]),
    };
  };
  const ordered = async (answers: Answers) => {
    await using receiver = await serving(answers);
    const deliveries = {
      path: "/events",
      receiver: "https://hooks.example/",
      arrivals: `http://127.0.0.1:${receiver.port}/arrivals`,
    };
    return await tried("https-deliveries", answers, { deliveries });
  };

  test("came from where the receiver says, each address once, and the order's own only", async () => {
    const entry = await ordered(delivering("10.10.2.10", "::ffff:10.10.2.10", "203.0.113.7"));
    expect(entry).toMatchObject({ outcome: reached });
    expect(entry.findings?.servedFrom).toEqual({ addresses: ["10.10.2.10", "203.0.113.7"] });
  });

  test("proves nothing where the receiver says nothing", async () => {
    const silent = { ...delivering("10.10.2.10"), "/arrivals": "welcome" };
    expect((await ordered(silent)).outcome).toEqual({ kind: "faulted", code: "RECEIVER_SAYS_NOTHING" });
  });

  test("and never came proves nothing", async () => {
    expect((await ordered(delivering())).outcome).toEqual({ kind: "faulted", code: "NOT_DELIVERED" });
  });
});

describe("a request for another region's tenant", () => {
  const turnedAway: Answers = { "/tenants/eu": own, "/tenants/us-east-1": { status: 421 } };

  test.each([401, 403, 404, 421])("%i hands out nothing: a clean look", async (status) => {
    const entry = await tried("https-tenant", { ...turnedAway, "/tenants/us-east-1": { status } });
    expect(entry).toMatchObject({ outcome: reached, findings: { canaries: [sha256(own)] } });
  });

  test("is tried with the own session and with what opens the tenant at home", async () => {
    const entry = await tried("https-tenant", {
      ...turnedAway,
      "/tenants/us-east-1": ({ headers }) =>
        headers.authorization === "Bearer secret of env:US_EAST_1_TOKEN" ? far : { status: 403 },
    });
    expect(entry).toMatchObject({ findings: { canaries: [sha256(own), sha256(far)].sort() } });
  });

  test("as a control it opens the own tenant with what others present for it, and with nothing else", async () => {
    const opens: Answers = {
      "/tenants/eu": ({ headers }) =>
        headers.authorization === "Bearer secret of env:EU_TOKEN" ? own : { status: 401 },
    };
    expect(await tried("https-tenant", opens, {}, "control")).toMatchObject({ outcome: reached });
    const tenants = { path: "/tenants/{tenant}", token: "env:{TENANT}_EXPIRED" };
    const entry = await tried("https-tenant", opens, { tenants }, "control");
    expect(entry.outcome).toMatchObject({ code: expect.stringContaining("HTTP_401") });
  });

  test("a redirect turns away only to the tenant's own region: any other may end at the data", () => {
    const asked = { tls: true, host: "app.eu.example", home: "app.us.example" };
    const redirect = (location: string) => ({ status: 307, headers: { location }, body: "", peer: null });
    expect(turnsAway(redirect("https://app.us.example/a"), asked)).toBe(true);
    for (const location of [
      "/internal/us",
      "https://app.eu.example/a",
      "https://bucket.example/us?signature=1",
    ])
      expect(turnsAway(redirect(location), asked)).toBe(false);
  });

  test("a redirect within the own plane says nothing", async () => {
    const within = { status: 307, headers: { location: "/internal/us-east-1" } };
    const entry = await tried("https-tenant", { ...turnedAway, "/tenants/us-east-1": within });
    expect(entry).toMatchObject({ outcome: { kind: "faulted", code: "HTTP_307" } });
  });

  test("a success without any canary says nothing", async () => {
    const entry = await tried("https-tenant", { ...turnedAway, "/tenants/us-east-1": "welcome" });
    expect(entry).toMatchObject({ outcome: { kind: "faulted", code: "HTTP_200" } });
  });
});

describe("the session cookie", () => {
  test.each([
    ["s=1; Path=/; Domain=.Example", "example", true],
    ["s=1; domain = app.us.example", "app.us.example", true],
    ["s=1; Domain=example; Domain=app.eu.example", "app.eu.example", false],
    ["s=1; Domain=s.example", "s.example", false],
    ["s=Domain=example; Path=/", "", false],
    ["s=1; Domain=", "", false],
  ])("%s is for %j", (cookie, domain, isCovered) => {
    expect(domainOf(cookie)).toBe(domain);
    expect(covers(domain, "app.us.example")).toBe(isCovered);
  });

  test("that another region's host would be sent is a link there, without the cookie's value", async () => {
    const cookie = { "set-cookie": ["session=hidden; Domain=example"] };
    const entry = await tried("https-cookie", { "/session": { headers: cookie } });
    const link = { what: "the session cookie's domain", peer: "example", region: "us-east-1" };
    expect(entry).toMatchObject({ outcome: reached, findings: { links: [link] } });
    expect(JSON.stringify(entry)).not.toContain("hidden");
  });

  test("has to be set, or nothing was looked at", async () => {
    const entry = await tried("https-cookie", { "/session": "welcome" });
    expect(entry).toMatchObject({ outcome: { kind: "faulted", code: "NO_SESSION_COOKIE" } });
  });
});

describe("the routing table", () => {
  test("a customer's data in it is reported", async () => {
    const entry = await tried("https-directory", { "/directory": `us-east-1 ${far}` });
    expect(entry).toMatchObject({ findings: { canaries: [sha256(own), sha256(far)].sort() } });
  });

  test("has to name the other region, or it is another page", async () => {
    const entry = await tried("https-directory", { "/directory": "welcome" });
    expect(entry).toMatchObject({ outcome: { kind: "faulted", code: "REGION_NOT_IN_DIRECTORY" } });
  });
});

describe("the request log", () => {
  const logging = (line: (asked: IncomingMessage, body: string) => string, status = 421): Answers => {
    const lines: string[] = [];
    return {
      "/tenants/us-east-1": (asked, body) => {
        lines.push(line(asked, body));
        return { status };
      },
      "/log": () => lines.join("\n"),
    };
  };

  test("without the bodies of what was refused is clean", async () => {
    const entry = await tried(
      "https-log",
      logging(({ url }) => String(url)),
    );
    expect(entry).toMatchObject({ outcome: reached, findings: { links: [] } });
  });

  test("with such a body inside is a link to that region", async () => {
    const entry = await tried(
      "https-log",
      logging(({ url }, body) => `${url} ${body}`),
    );
    expect(entry.findings?.links).toMatchObject([{ peer: "a tenant of us-east-1", region: "us-east-1" }]);
  });

  test.each<[string, (body: string) => string]>([
    ["in base64", (body) => Buffer.from(body).toString("base64")],
    ["in base64, within a longer text", (body) => Buffer.from(`{"a":"${body}"}`).toString("base64")],
    ["in hexadecimal", (body) => Buffer.from(body).toString("hex").toUpperCase()],
    ["with escapes", (body) => body.replaceAll("-", "\\u002d")],
  ])("with such a body %s is one, too", async (_what, written) => {
    const entry = await tried(
      "https-log",
      logging(({ url }, body) => `${url} ${written(body)}`),
    );
    expect(entry.findings?.links).toMatchObject([{ region: "us-east-1" }]);
  });

  test("that does not have the request proves nothing", async () => {
    const entry = await tried(
      "https-log",
      logging(() => "something else"),
    );
    expect(entry).toMatchObject({ outcome: { kind: "faulted", code: "REQUEST_NOT_IN_LOG" } });
  });

  test("a service that accepts the request takes in another region's data", async () => {
    const entry = await tried(
      "https-log",
      logging(({ url }) => String(url), 204),
    );
    expect(entry.findings?.links).toHaveLength(2);
  });
});
