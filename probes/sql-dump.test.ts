import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDump } from "./sql-dump.ts";

const whole = `--
-- PostgreSQL database dump
--

\\restrict aToken123

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE SCHEMA ringfence;


ALTER SCHEMA ringfence OWNER TO postgres;

CREATE TABLE ringfence.backup_canary (
    region text NOT NULL,
    value character varying(60) NOT NULL
);


ALTER TABLE ringfence.backup_canary OWNER TO postgres;

COPY ringfence.backup_canary (region, value) FROM stdin;
eu-central-1\ta canary
us-east-1\tanother
\\.


GRANT SELECT ON TABLE ringfence.backup_canary TO reader;

\\unrestrict aToken123

`;

test("what pg_dump writes of a canary's schema is read, table and rows", () => {
  expect(readDump(whole)).toEqual({
    tables: ["ringfence.backup_canary"],
    steps: [
      { statement: "CREATE SCHEMA ringfence;" },
      { statement: expect.stringMatching(/^CREATE TABLE ringfence\.backup_canary \([^;]*\);$/) },
      {
        statement: "COPY ringfence.backup_canary (region, value) FROM stdin;",
        rows: "eu-central-1\ta canary\nus-east-1\tanother\n",
      },
    ],
  });
});

test("a table without rows is read, because an empty COPY ends at once", () => {
  const empty = "CREATE TABLE a.b (\n    c text\n);\nCOPY a.b (c) FROM stdin;\n\\.\n";
  expect(readDump(empty)?.steps.at(-1)).toEqual({ statement: "COPY a.b (c) FROM stdin;", rows: "" });
});

describe("what would do more than fill a table is no dump, because it runs on the own server", () => {
  test.each([
    "DROP TABLE orders;",
    "COPY a.b (c) FROM PROGRAM 'id';",
    "COPY a.b (c) TO '/etc/passwd';",
    "SELECT pg_sleep(100);",
    "SELECT pg_catalog.set_config('a', (SELECT 1)); DROP TABLE orders;",
    "SET a = 1; DROP TABLE orders;",
    "ALTER TABLE a.b OWNER TO c; DROP TABLE orders;",
    "CREATE TABLE a.b (c text DEFAULT pg_sleep(100));",
    "CREATE TABLE a.b (c text); DROP TABLE orders;",
    'CREATE TABLE "a"."b" (c text);',
    "CREATE TABLE a.b AS SELECT * FROM orders;",
    "CREATE FUNCTION a.b() RETURNS text LANGUAGE sql AS 'SELECT 1';",
    "\\connect other",
    "\\! id",
    "-- a comment\rDROP TABLE orders;",
  ])("%s", (statement) => {
    expect(readDump(`${whole}${statement}\n`)?.steps ?? null).toBe(null);
  });
});

test("rows that never end are no dump", () => {
  expect(readDump("CREATE TABLE a.b (\n    c text\n);\nCOPY a.b (c) FROM stdin;\nrow\n")).toBe(null);
});

test("a page, nothing, or a canary alone is no dump", () => {
  for (const text of ["", "<html></html>", "ringfence-canary-x", "-- only a comment\n"])
    expect(readDump(text)).toBe(null);
});

test("whatever the bytes, it ends, and lets only its three statements pass", () => {
  const pieces = fc.constantFrom(
    "CREATE SCHEMA a;",
    "CREATE TABLE a.b (\n c text\n);",
    "COPY a.b (c) FROM stdin;",
    "\\.",
    "\n",
    "-- x",
    "SET x = 1;",
    "DROP TABLE orders;",
    "\t",
    ";",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 30 }), (parts) => {
      const dump = readDump(parts.join(""));
      for (const { statement } of dump?.steps ?? [])
        expect(statement).toMatch(/^(CREATE SCHEMA|CREATE TABLE|COPY \S+ \([^)]*\) FROM stdin;)/);
      for (const { statement } of dump?.steps ?? []) expect(statement.match(/;/g)).toHaveLength(1);
    }),
  );
});
