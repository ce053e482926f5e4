import type { Vendor } from "../core/vendors.ts";

/** What a record has to be beyond its schema, so that nobody relies on a guess, and asking a vendor is
 *  harmless. Each problem starts with its key. */
export function problemsOf(vendor: Vendor): string[] {
  return [
    ...endpointProblems(vendor),
    ...settingProblems(vendor),
    ...sourceProblems(vendor),
    ...requestProblems(vendor),
  ];
}

/** What a host may leave open. One word for one thing, so that a map says `account: { region: … }` everywhere. */
const placeholders = [
  "account",
  "alias",
  "app",
  "bucket",
  "cluster",
  "environment",
  "index",
  "org",
  "project",
  "region",
  "resource",
  "source",
  "stack",
  "tenant",
] as const;

const membersOfTheUnion = new Set(
  "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split(" "),
);

function endpointProblems({ endpoints }: Vendor): string[] {
  return endpoints.flatMap(({ host, jurisdiction, purpose, verified, ...endpoint }, index) => {
    const earlier = endpoints.slice(0, index);
    const wrong: [key: string, says: string | false][] = [
      ["host", hostProblem(host)],
      ["host", earlier.some((other) => other.host === host) && `"${host}" is there twice`],
      [
        "host",
        !host.includes("{") &&
          earlier.some((other) => other.host.includes("{") && patternOf(other.host).test(host)) &&
          `"${host}" has to stand before the pattern that it fits`,
      ],
      ["jurisdiction", membersOfTheUnion.has(jurisdiction) && `write EU for ${jurisdiction}`],
      ["jurisdiction", jurisdiction === "GB" && "write UK for GB"],
      ["verified", verified && jurisdiction === "unknown" && "an unknown place cannot be verified"],
      [
        "default",
        endpoint.default &&
          earlier.some((other) => other.default && other.purpose === purpose) &&
          `another endpoint is already the default that "${purpose}"`,
      ],
    ];
    return wrong.flatMap(([key, says]) => (says === false ? [] : [`endpoints[${index}].${key}: ${says}`]));
  });
}

function hostProblem(host: string): string | false {
  const unknown = [...host.matchAll(/\{([^{}]*)\}/g)].find(
    ([, name]) => !placeholders.some((known) => known === name),
  );
  if (unknown) return `${unknown[0]} is none of ${placeholders.join(", ")}`;
  return /[{}]/.test(host.replaceAll(/\{[a-z]+\}/g, "")) && `"${host}" has a brace without its other`;
}

function settingProblems({ settings, endpoints }: Vendor): string[] {
  return settings.flatMap((setting, index) => {
    const known = endpoints.some((endpoint) => endpoint.default && endpoint.host === setting.default);
    return [
      ...(/^[A-Z][A-Z0-9_]+$/.test(setting.name)
        ? []
        : [`settings[${index}].name: "${setting.name}" is no environment variable`]),
      ...(setting.default === undefined || known
        ? []
        : [`settings[${index}].default: "${setting.default}" is the host of no default endpoint`]),
    ];
  });
}

function sourceProblems({ sources }: Vendor): string[] {
  if (sources.length === 0) return ["sources: name one; without any, nobody can check the record"];
  return sources.flatMap((source, index) =>
    source.startsWith("https://") ? [] : [`sources[${index}]: start with an https:// address`],
  );
}

/** A real model and a real recipient cost somebody something; a made-up one is refused and leaves nothing. */
const costly: [pattern: RegExp, says: string][] = [
  [
    /"model"\s*:\s*"(?!ringfence-no-such-model")/,
    "name the model ringfence-no-such-model, which nobody bills",
  ],
  [/@|%40/, "no address of anybody"],
  [/["&?]?\b(to|cc|bcc|recipients?|personalizations|destination)\b"?\s*[:=]/i, "no recipient"],
  [/\b(amount|currency|charge|payment_method|card)\b/i, "nothing that is paid"],
  [/\b(bearer|password|secret|token)\b/i, "no credential"],
];

function requestProblems({ request, ...record }: Vendor): string[] {
  const { body, ...rest } = request;
  const elsewhere = JSON.stringify({ rest, record }).includes("{canary}");
  return [
    ...(elsewhere
      ? ["request: {canary} stands in its body only, where nothing keeps it in a log of addresses"]
      : []),
    ...(body !== undefined && request.method === "GET" ? ["request.body: a GET has none"] : []),
    ...((body === undefined) === (request.contentType === undefined)
      ? []
      : ["request.contentType: goes with a body, and a body with it"]),
    ...(body !== undefined && !body.includes("{canary}") ? ["request.body: has no {canary}"] : []),
    ...costly.flatMap(([pattern, says]) => (pattern.test(body ?? "") ? [`request.body: ${says}`] : [])),
  ];
}

interface Collision {
  id: string;
  problem: string;
}

/** What records say that cannot all be true, or of which only one would count. */
export function collisions(vendors: readonly Vendor[]): Collision[] {
  return [...hostCollisions(vendors), ...settingCollisions(vendors)];
}

/** Where an SDK goes without a variable has to have one answer. */
function settingCollisions(vendors: readonly Vendor[]): Collision[] {
  const all = vendors.flatMap(({ id, settings }) => settings.map((setting) => ({ id, ...setting })));
  return all.flatMap((one) =>
    all
      .filter((other) => other.name === one.name && other.default !== one.default)
      .map(({ id }) => ({ id: one.id, problem: `settings: ${one.name} has another default for ${id}` })),
  );
}

/** Hosts that two vendors claim: which vendor a host belongs to has to have one answer. */
function hostCollisions(vendors: readonly Vendor[]): Collision[] {
  const all = vendors.flatMap(({ id, endpoints }) =>
    endpoints.map(({ host }) => ({ id, host, pattern: patternOf(host), sample: sampleOf(host) })),
  );
  return all.flatMap(({ id, host, sample }) =>
    all
      .filter((other) => other.id !== id && other.pattern.test(sample))
      .map((other) => ({ id, problem: `endpoints: "${host}" belongs to ${other.id}'s "${other.host}"` })),
  );
}

/** Every name that a host of a record stands for, and those below it. */
function patternOf(host: string): RegExp {
  const literal = host.replaceAll(".", "\\.");
  const open = literal.replaceAll(/\{([a-z]+)\}/g, (_, name: string) =>
    name === "region" ? "[a-z]+(-[a-z]+)+-?\\d+" : "[a-z0-9-]+",
  );
  return new RegExp(`(^|\\.)${open.replaceAll(/[{}]/g, "\\$&")}$`);
}

function sampleOf(host: string): string {
  return host.replaceAll("{region}", "eu-central-1").replaceAll(/\{[a-z]+\}/g, "acme");
}
