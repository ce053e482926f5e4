/** One step of a plain SQL dump, as it is carried out. */
export type DumpStep = { statement: string; rows?: string };

export interface SqlDump {
  steps: DumpStep[];
  /** Table names, each with its schema. */
  tables: string[];
}

const mostSteps = 100;
const name = "[a-z_][a-z0-9_]{0,62}";
const type =
  "(?:text|integer|bigint|boolean|uuid|date|numeric|jsonb|character varying(?:\\(\\d{1,5}\\))?|timestamp with(?:out)? time zone)";
const column = `${name} ${type}(?: NOT NULL)?`;

const schema = new RegExp(`^CREATE SCHEMA ${name};`);
const table = new RegExp(`^CREATE TABLE (${name}\\.${name}) \\(\\s*${column}(?:,\\s*${column})*\\s*\\);`);
const copy = new RegExp(`^COPY (${name}\\.${name}) \\((?:${name}(?:, )?)+\\) FROM stdin;`);
/** What pg_dump writes besides and a canary's table can do without. A statement ends with its line. */
const left =
  /^(--.*|SET [^;\n]*;|SELECT pg_catalog\.set_config\([^;\n]*\);|\\(un)?restrict \w+|ALTER (SCHEMA|TABLE) [^;\n]* OWNER TO [^;\n]*;|(GRANT|REVOKE|COMMENT ON) [^;\n]*;|)(?=\n|$)/;

/** Reads what `pg_dump --format=plain` writes of a schema of plain tables; null for everything else. The dump
 *  comes from a far system and is carried out on the own server, so that nothing passes but a schema, tables of
 *  plain columns, and rows. Source: PostgreSQL 18, "pg_dump" and "COPY", file formats. */
export function readDump(text: string): SqlDump | null {
  const dump: SqlDump = { steps: [], tables: [] };
  for (let rest = text.replaceAll("\r\n", "\n"); rest !== ""; ) {
    const skipped = left.exec(rest);
    if (skipped) {
      rest = rest.slice(skipped[0].length + 1);
      continue;
    }
    const step = nextStep(rest);
    if (!step || dump.steps.length >= mostSteps) return null;
    if (step.table) dump.tables.push(step.table);
    dump.steps.push(step.step);
    rest = rest.slice(step.length);
  }
  return dump.tables.length > 0 ? dump : null;
}

function nextStep(rest: string): { step: DumpStep; table?: string; length: number } | null {
  const [made] = schema.exec(rest) ?? [];
  if (made) return { step: { statement: made }, length: made.length };
  const [created, tableName] = table.exec(rest) ?? [];
  if (created && tableName) return { step: { statement: created }, table: tableName, length: created.length };
  const [copied] = copy.exec(rest) ?? [];
  if (!copied || rest[copied.length] !== "\n") return null;
  const rows = copied.length + 1;
  const end = rest.startsWith("\\.\n", rows) ? rows : rest.indexOf("\n\\.\n", rows) + 1;
  if (end < rows) return null;
  return { step: { statement: copied, rows: rest.slice(rows, end) }, length: end + 3 };
}
