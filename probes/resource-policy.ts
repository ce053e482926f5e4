import { z } from "zod";
import type { Link } from "../core/journal.ts";
import { regionOfArn } from "./aws-client.ts";
import { legibleText } from "./legible.ts";

export const unreadable = (what: string): Link => ({ what, peer: "unreadable", addresses: [] });

/** Without a region nobody can say where it leads. */
export function towards(what: string, peer: string, region: string): Link {
  return { what, peer: legibleText(peer), addresses: [], ...(region ? { region: legibleText(region) } : {}) };
}

/** A setting whose value is JSON; a link that nobody can read, where it is none. */
export function readSetting<Value>(
  schema: z.ZodType<Value>,
  text: string | undefined,
  what: string,
): { value?: Value; links: Link[] } {
  if (text === undefined) return { links: [] };
  try {
    return { value: schema.parse(JSON.parse(text)), links: [] };
  } catch {
    return { links: [unreadable(what)] };
  }
}

const texts = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const Principal = z.union([z.string(), z.record(z.string(), texts)]);
const Statement = z.looseObject({
  Effect: z.string(),
  Principal: Principal.optional(),
  NotPrincipal: Principal.optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
type Statement = z.infer<typeof Statement>;
const Policy = z.looseObject({
  Statement: z.union([Statement, z.array(Statement)]).transform((value) => [value].flat()),
});

/** Whom a policy that hangs on a resource (`name`: "the queue policy") lets in. A grant of which nobody can say where
 *  it leads has neither region nor address. Sources: IAM User Guide, "AWS JSON policy elements: Principal" and
 *  "Global condition context keys". */
export function grantLinks(text: string | undefined, { account, name }: { account: string; name: string }) {
  const { value, links } = readSetting(Policy, text, name);
  const allows = (value?.Statement ?? []).filter(({ Effect }) => Effect === "Allow");
  return [
    ...links,
    ...allows.flatMap((statement) => grantsOf(statement, { account, what: `a grant of ${name}` })),
  ];
}

/** A VPC's id keeps a grant at home: its endpoint serves its own region, unless somebody asked for another. */
function grantsOf(statement: Statement, { account, what }: { account: string; what: string }): Link[] {
  const conditions = conditionsOf(statement);
  if (conditions.some(isOfVpcs)) return [];
  const sources = conditions
    .filter(({ key }) => key === "aws:sourcearn" || key === "aws:sourcevpcarn")
    .flatMap(({ values }) => values);
  if (sources.length > 0) return sources.map((arn) => towards(what, arn, regionIn(arn)));
  const { Principal: named } = statement;
  if (named === undefined) return [towards(what, "everybody but some", "everywhere")];
  const principals = typeof named === "string" ? [named] : Object.values(named).flat();
  if (principals.includes("*")) {
    if (isOnlyOf(account, conditions)) return [];
    return [
      towards(what, "everybody", Object.keys(statement.Condition ?? {}).length === 0 ? "everywhere" : ""),
    ];
  }
  return principals
    .filter((one) => one !== account && !one.startsWith(`arn:aws:iam::${account}:`))
    .map((one) => towards(what, one, ""));
}

/** A pattern is everybody's VPC. */
function isOfVpcs({ key, values }: Condition): boolean {
  const isKey = key === "aws:sourcevpc" || key === "aws:sourcevpce";
  return isKey && values.length > 0 && values.every((value) => /^vpce?-[0-9a-z]+$/.test(value));
}

interface Condition {
  operator: string;
  key: string;
  values: string[];
}

const accountKeys = ["aws:principalaccount", "aws:sourceowner"];

/** Everybody of the own account is the own account, named: so narrow is the policy that a topic has by itself. */
function isOnlyOf(account: string, conditions: readonly Condition[]): boolean {
  return conditions.some(
    ({ operator, key, values }) =>
      operator === "StringEquals" &&
      accountKeys.includes(key) &&
      values.length > 0 &&
      values.every((value) => value === account),
  );
}

/** Only conditions that must hold: of a negated one, or one that holds when its key is absent, nothing follows. */
function conditionsOf({ Condition = {} }: Statement): Condition[] {
  return Object.entries(Condition)
    .filter(([operator]) => /^(String(Equals|Like)|Arn(Equals|Like))$/.test(operator))
    .flatMap(([operator, lines]) =>
      Object.entries(lines).map(([key, values]) => ({
        operator,
        key: key.toLowerCase(),
        values: [values].flat().map(String),
      })),
    );
}

/** A pattern in the place of the region is every region. */
function regionIn(arn: string): string {
  const region = regionOfArn(arn);
  return /[*?]/.test(region) ? "everywhere" : region;
}
