import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson, peersIn, placeIn } from "./json-peers.ts";
import { requireWholeAnswer } from "./search-answer.ts";

const code = (expected: string) => expect.objectContaining({ code: expected });
const codeOf = (work: () => unknown) => {
  try {
    work();
    return null;
  } catch (error) {
    return error as Error;
  }
};

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/);
const name = fc
  .tuple(label, label, fc.constantFrom("internal", "example", "com"))
  .map((all) => all.join("."));
const host = fc.oneof(ipv4, name);
/** The ways in which products write one and the same host. */
const written = fc
  .tuple(host, fc.integer({ min: 1, max: 65535 }))
  .chain(([where, port]) =>
    fc.constantFrom(
      { where, text: where },
      { where, text: `${where}:${port}` },
      { where, text: `http://${where}:${port}/` },
      { where, text: `grpc://${where}:${port}` },
      { where, text: `https://${where}/v1/embeddings` },
      { where, text: `other.example:1, ${where}:${port}` },
    ),
  );

describe("the peers that a service names", () => {
  test("every host is found, however it is written and wherever it stands", () => {
    fc.assert(
      fc.property(
        written,
        fc.array(label, { maxLength: 5 }),
        fc.boolean(),
        ({ where, text }, path, asKey) => {
          const leaf: unknown = asKey ? { [text]: true } : { any: [1, null, text] };
          const json = path.reduce<unknown>((inside, key) => ({ [key]: inside, more: "30s" }), leaf);
          expect(peersIn(json as object)).toContain(where);
        },
      ),
    );
  });

  test("whatever the JSON is, peers are legible, bounded, or refused with a code", () => {
    fc.assert(
      fc.property(fc.oneof(fc.object(), fc.array(fc.anything())), (value) => {
        const json = parseJson(JSON.stringify(value) ?? "{}");
        const found = codeOf(() => {
          for (const peer of peersIn(json)) expect(peer).toMatch(/^([a-z0-9._:-]{1,253}|\?)$/);
        });
        if (found !== null) expect(found).toEqual(code("SEARCH_TRUNCATED"));
      }),
    );
  });

  test.each([
    [
      "OpenSearch",
      { partner: { connected: true, mode: "sniff", seeds: ["10.20.2.11:9300"] } },
      ["10.20.2.11"],
    ],
    ["Qdrant", { result: { peers: { 2: { uri: "http://[fd10:20::5]:6335/" } } } }, ["fd10:20::5"]],
    ["a host without a dot", { seeds: ["elsewhere:9300"] }, ["elsewhere"]],
    ["a host without a dot or port, under a host's key", { proxy_address: "elsewhere" }, ["elsewhere"]],
    ["libpq's host without a dot", { primary_conninfo: "host=elsewhere port=5432" }, ["elsewhere"]],
    ["a host without a dot, in a sentence", { note: "see elsewhere", more: "host elsewhere" }, []],
    ...[
      ...["primary", "masterHost", "replica-hosts", "bootstrap_servers", "remote_node", "peerURL"],
      ...["leader_address", "upstreams", "standby", "hostName", "publish_addresses"],
    ].map((key): [string, object, string[]] => [`${key}'s host`, { [key]: ["elsewhere"] }, ["elsewhere"]]),
    ...["mode", "ghost", "recipe", "shipment", "curl"].map((key): [string, object, string[]] => [
      `${key}'s word`,
      { [key]: "elsewhere" },
      [],
    ]),
    ["Java's address", { address: "/10.20.2.11:9300" }, ["10.20.2.11"]],
    ["Java's name", { address: "/us.search.example:9300" }, ["us.search.example"]],
    ["libpq's connection string", { conninfo: "host=10.20.2.11 port=5432" }, ["10.20.2.11"]],
    ["libpq's connection string, by name", { conninfo: "host=db.us.example port=5432" }, ["db.us.example"]],
    ["a user", { replica: "repl@10.20.2.11:5432" }, ["10.20.2.11"]],
    ["a user and a name", { replica: "repl@db.us.example:5432" }, ["db.us.example"]],
    ["Elasticsearch's old way", { transport: "inet[/fd10:20::5]" }, ["fd10:20::5"]],
    ["a protocol", { seeds: "tcp:10.20.2.11:9300" }, ["10.20.2.11"]],
    [
      "a multiaddress",
      { peers: ["/ip6/fd10:20::5/tcp/4001", "/ip4/10.20.2.11"] },
      ["10.20.2.11", "fd10:20::5"],
    ],
    ["JDBC", { jdbc: "jdbc:postgresql://db.us.example:5432/x" }, ["db.us.example"]],
    ["a name in another alphabet", { host: "zürich.example:9300" }, ["xn--zrich-kva.example"]],
    ["digits of another width", { host: "１０.20.2.11" }, ["10.20.2.11"]],
    ["a URL that is none", { jdbc: "jdbc:sqlserver://db.us.example\\orders:1433" }, ["db.us.example"]],
    ["a URL with a port that is none", { a: "amqp://user:word@db.us.example:port/x" }, ["db.us.example"]],
    ["a URL that is none, with an address", { a: "tcp://[fd10:20::5]:port" }, ["fd10:20::5"]],
    ["a URL whose host is left open", { a: "https://{host}/x", b: "http://10/" }, ["0.0.0.10", "?"]],
    ["no host in a URL of this machine", { a: "unix:///run/x.sock", b: "file:///etc/x" }, []],
    ["a URL in brackets", { primary: "<https://db.us.example/x>" }, ["db.us.example"]],
    ["words around it", { primary: "us (10.20.2.11)" }, ["10.20.2.11"]],
    ["a file, a mailbox, a time", { a: "/etc/search.yml", b: "ops@acme.example", c: "12:30:45" }, []],
    ["nothing", { status: "green", initial_connect_timeout: "30s", nodes: 3, version: "2.11.0" }, []],
  ])("%s", (_what, json, peers) => expect(peersIn(json)).toEqual(peers));

  test("more than a hundred are too many to look at", () => {
    const seeds = Array.from({ length: 101 }, (_, index) => `10.0.0.${index}`);
    expect(codeOf(() => peersIn({ seeds }))).toEqual(code("SEARCH_TRUNCATED"));
  });

  test("JSON deeper than anybody writes is not looked at, and overflows nothing", () => {
    const deep = parseJson("[".repeat(50_000) + "]".repeat(50_000));
    expect(codeOf(() => peersIn(deep))).toEqual(code("SEARCH_TRUNCATED"));
  });

  test.each(["", "<html>", '"10.0.0.1"', "null", "7"])("%j is no JSON that could name any", (body) =>
    expect(codeOf(() => parseJson(body))).toEqual(code("NOT_JSON")),
  );
});

describe("where a service says it is", () => {
  test("region and addresses, from wherever they stand", () => {
    const node = { host: "search.example", ip: "10.10.2.12", attributes: { region: "eu-central-1" } };
    expect(placeIn({ nodes: { a: node } })).toEqual({ addresses: ["10.10.2.12"], region: "eu-central-1" });
  });

  test.each([
    ["NO_PLACE_IN_ANSWER", { status: "ok" }],
    ["AMBIGUOUS_PLACE", [{ region: "eu" }, { region: "us" }]],
    ["UNREADABLE_PLACE", { region: "<b>eu</b>" }],
  ])("%s", (expected, json) => expect(codeOf(() => placeIn(json))).toEqual(code(expected)));
});

describe("a search that is not whole proves nothing", () => {
  const headers = { "transfer-encoding": "chunked" };
  const saying = (answer: unknown) => ({ status: 200, headers, body: JSON.stringify(answer) });
  const asked = { path: "/_search?size=3" };
  const found = (...hits: object[]) => ({
    timed_out: false,
    _shards: { total: 1, successful: 1, failed: 0 },
    hits: { total: { value: hits.length, relation: "eq" }, hits },
  });

  test.each([
    ["hits without a total", { ...found({}), hits: { hits: [{}] } }],
    ["hits of which it does not say whether there was time", { ...found({}), timed_out: undefined }],
    ["hits of which it does not say whether every shard answered", { ...found({}), _shards: undefined }],
    ["hits within hits without a total", { ...found({ inner_hits: { a: { hits: { hits: [] } } } }) }],
    ["as many as were asked for", { result: { points: [{}, {}, {}] } }],
    ["a list as long as was asked for", [{}, {}, {}]],
    ["more hits than were sent", { hits: { total: { value: 2, relation: "eq" }, hits: [{}] } }],
    ["a count that is only a lower bound", { hits: { total: { value: 1, relation: "gte" }, hits: [{}] } }],
    ["a count as older servers give it", { hits: { total: 2, hits: [{}] } }],
    ["a search that ran out of time", { timed_out: true, hits: { hits: [] } }],
    ["a search that ended early", { terminated_early: true }],
    ["a shard that failed", { _shards: { failed: 1 } }],
    ["a cluster that was skipped", { _clusters: { skipped: 1 } }],
    ["a page with a next one", { result: { points: [], next_page_offset: "b3" } }],
    ["Solr's first page", { response: { numFound: 57, docs: [{}] } }],
    ["Solr's lower bound", { response: { numFound: 1, numFoundExact: false, docs: [{}] } }],
    ["Meilisearch's first page", { hits: [{}], limit: 1, estimatedTotalHits: 57 }],
    ["Typesense's first page", { found: 57, page: 1, hits: [{}] }],
    ["a first page beside many facets", { found: 3, hits: [{}], facet_counts: [{}, {}, {}] }],
    ["Algolia's first page", { hits: [{}], nbHits: 57, nbPages: 3 }],
    ["Pinecone's first page", { vectors: [{}], pagination: { next: "abc" } }],
    ["a page that has more", { data: [{}], has_more: true }],
    ["a page with a cursor to the next", { entries: [{}], next_cursor: "abc" }],
    ["a page of several", { data: [{}], total_count: 1, current_page: 1, total_pages: 2 }],
    ["a count below the list", { data: [{}], meta: { total: 57 } }],
    ["GraphQL's errors beside the data", { data: { Get: { D: [{}] } }, errors: [{ message: "shard 2" }] }],
    ["one search of several that ran out of time", { responses: [{ timed_out: true, hits: { hits: [] } }] }],
    ["one search of several with a failed shard", { responses: [{ _shards: { total: 5, failed: 3 } }] }],
    ["an error with a status of success", { error: { message: "not allowed to list" } }],
  ])("%s", (_what, answer) =>
    expect(codeOf(() => requireWholeAnswer(saying(answer), asked))).toEqual(code("SEARCH_TRUNCATED")),
  );

  test.each([
    ["a part by its status", { ...saying([]), status: 206 }],
    [
      "a page that links to the next",
      { ...saying([]), headers: { ...headers, link: '</a?page=2>; rel="next"' } },
    ],
    ["what ends when the connection does, which may be too early", { ...saying([]), headers: {} }],
    ["JSON that breaks off", { ...saying([]), body: '{"hits":["a"' }],
    ["the last of several lines, which breaks off", { ...saying([]), body: '{"a":1}\n{"b":' }],
    ["one of several lines with more behind it", { ...saying([]), body: '{"a":1}\n{"has_more":true}\n' }],
  ])("%s", (_what, answer) =>
    expect(codeOf(() => requireWholeAnswer(answer, asked))).toEqual(code("SEARCH_TRUNCATED")),
  );

  test.each([
    [found({})],
    [found({}, {}, {})],
    [found({ inner_hits: { a: { hits: { total: { value: 0, relation: "eq" }, hits: [] } } } })],
    [{ result: { points: [{}, {}] } }],
    [{ result: { points: [{}, {}, {}], next_page_offset: null } }],
    [{ result: { points: [], next_page_offset: null } }],
    [{ ...found(), facets: [], hits: { total: 2, hits: [{}, {}] }, error: null, errors: [] }],
    [{ _nodes: { total: 3, successful: 3, failed: 0 }, nodes: { a: { roles: ["data"] } } }],
    [{ response: { numFound: 1, numFoundExact: true, docs: [{}] } }],
    [{ data: [{}], has_more: false, next: "", total_pages: 1 }],
    [{}],
  ])("%j is whole", (answer) => expect(codeOf(() => requireWholeAnswer(saying(answer), asked))).toBeNull());

  test("so is what is no JSON, and links elsewhere", () => {
    const answer = {
      status: 200,
      headers: { "content-length": "9", link: '</>; rel="prev", </next>; rel="up"' },
      body: "us-east-1",
    };
    expect(codeOf(() => requireWholeAnswer(answer, asked))).toBeNull();
  });
});
