import { z } from "zod";

/** The keys that a schema has at a path; none where anything may stand, or where the path leads nowhere. Of kinds,
 *  the one that `value` names. */
export function knownKeys(
  schema: z.core.$ZodType,
  path: readonly (string | number)[],
  value: unknown,
): string[] {
  const [key, ...rest] = path;
  const below = (inner: z.core.$ZodType) => knownKeys(inner, rest, childOf(value, key));
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional)
    return knownKeys(schema.unwrap(), path, value);
  if (schema instanceof z.ZodDiscriminatedUnion) return knownKeys(optionFor(schema, value), path, value);
  if (schema instanceof z.ZodArray && key !== undefined) return below(schema.element);
  if (schema instanceof z.ZodRecord && key !== undefined) return below(schema.valueType);
  if (!(schema instanceof z.ZodObject)) return [];
  if (key === undefined) return Object.keys(schema.shape);
  const inner = schema.shape[key];
  return inner ? below(inner) : [];
}

function optionFor({ options, def }: z.ZodDiscriminatedUnion, value: unknown): z.core.$ZodType {
  const asked = childOf(value, def.discriminator);
  const chosen = options.find(
    (option) =>
      option instanceof z.ZodObject && option.shape[def.discriminator]?.safeParse(asked).success === true,
  );
  return chosen ?? z.never();
}

function childOf(value: unknown, key: string | number | undefined): unknown {
  return value !== null && typeof value === "object" && key !== undefined
    ? (value as Record<string | number, unknown>)[key]
    : undefined;
}
