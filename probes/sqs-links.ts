import { z } from "zod";
import type { Link } from "../core/journal.ts";
import { regionOfArn } from "./aws-client.ts";
import { legibleText } from "./legible.ts";

/** Whom the queue's own settings let in, and where its dead letters go. A grant of which nobody can say where
 *  it leads has neither region nor address. Sources: Amazon SQS Developer Guide, "Identity and access
 *  management"; IAM User Guide, "AWS JSON policy elements: Principal" and "Global condition context keys". */
export function queueLinks(attributes: Readonly<Record<string, string>>, account: string): Link[] {
  return [...deadLetters(attributes), ...grants(attributes.Policy, account)];
}

const unreadable = (what: string): Link => ({ what, peer: "unreadable", addresses: [] });

function towards(what: string, peer: string, region: string): Link {
  return { what, peer: legibleText(peer), addresses: [], ...(region ? { region: legibleText(region) } : {}) };
}

const Redrive = z.looseObject({ deadLetterTargetArn: z.string().optional() });
const RedriveAllow = z.looseObject({ sourceQueueArns: z.array(z.string()).optional() });

function deadLetters({ RedrivePolicy, RedriveAllowPolicy }: Readonly<Record<string, string>>): Link[] {
  const out = read(Redrive, RedrivePolicy, "the redrive policy");
  const into = read(RedriveAllow, RedriveAllowPolicy, "the redrive allow policy");
  return [
    ...out.links,
    ...into.links,
    ...[out.value?.deadLetterTargetArn ?? []]
      .flat()
      .map((arn) => towards("the dead-letter queue", arn, regionOfArn(arn))),
    ...(into.value?.sourceQueueArns ?? []).map((arn) =>
      towards("a queue with dead letters for this one", arn, regionOfArn(arn)),
    ),
  ];
}

function read<Value>(
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

function grants(text: string | undefined, account: string): Link[] {
  const { value, links } = read(Policy, text, "the queue policy");
  const allows = (value?.Statement ?? []).filter(({ Effect }) => Effect === "Allow");
  return [...links, ...allows.flatMap((statement) => grantsOf(statement, account))];
}

/** A VPC's id keeps a grant at home: its endpoint serves its own region, unless somebody asked for another. */
function grantsOf(statement: Statement, account: string): Link[] {
  const what = "the queue policy's grant";
  const conditions = conditionsOf(statement);
  if (conditions.some(({ key }) => key === "aws:sourcevpc" || key === "aws:sourcevpce")) return [];
  const sources = conditions
    .filter(({ key }) => key === "aws:sourcearn" || key === "aws:sourcevpcarn")
    .flatMap(({ values }) => values);
  if (sources.length > 0) return sources.map((arn) => towards(what, arn, regionIn(arn)));
  const { Principal: named } = statement;
  if (named === undefined) return [towards(what, "everybody but some", "everywhere")];
  const principals = typeof named === "string" ? [named] : Object.values(named).flat();
  if (principals.includes("*"))
    return [towards(what, "everybody", conditions.length === 0 ? "everywhere" : "")];
  return principals
    .filter((one) => one !== account && !one.startsWith(`arn:aws:iam::${account}:`))
    .map((one) => towards(what, one, ""));
}

/** Only conditions that must hold: of a negated one, or one that holds when its key is absent, nothing follows. */
function conditionsOf({ Condition = {} }: Statement): { key: string; values: string[] }[] {
  return Object.entries(Condition)
    .filter(([operator]) => /^(String(Equals|Like)|Arn(Equals|Like))$/.test(operator))
    .flatMap(([, lines]) =>
      Object.entries(lines).map(([key, values]) => ({
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
