import { z } from "zod";
import { HostName, Port, SecretReference } from "../core/residency-map.ts";
import type { TryContext } from "./probe.ts";

const login = z.strictObject({ user: z.string().min(1), password: SecretReference });

const Table = z
  .string()
  .regex(/^[^.\s"]{1,120}\.[^.\s"]{1,120}$/, "a table with its schema, such as public.members");
const Column = z.string().regex(/^[^\s"]{1,63}$/, "the name of a column");
const Tenant = z.string().min(1).max(120);

/** With what PostgreSQL can say no to a write on purpose: a right or a row-level policy, a read-only transaction,
 *  a lock, a check, an exception; or a code of one's own, in a class that PostgreSQL does not use. Source:
 *  PostgreSQL 18, appendix A. */
const refusal = /^(42501|25006|55P03|23514|P0001|(?!F0|HV|P0|XX)[A-Z][0-9A-Z]{4}|NO_ROW_CHANGED)$/;

const Moving = z
  .strictObject({
    tenant: Tenant.describe("A canary tenant of the region that is held in the middle of a move"),
    settled: Tenant.describe("A canary tenant of the region that is not moving"),
    table: Table.describe("Where rows of a tenant are written; {tenant} stands for the tenant's id"),
    column: Column.optional().describe("What holds the tenant's id; left out where table or database does"),
    database: z.string().min(1).optional().describe("Where every tenant has its own, named with {tenant}"),
    row: z
      .record(Column, z.string().max(2000))
      .describe("The row that is written, and not kept; {token} stands for 32 hexadecimal digits"),
    settings: z
      .record(z.string(), z.string().max(2000))
      .default({})
      .describe("What a session sets before it writes for a tenant, such as app.tenant: '{tenant}'"),
    writes: z
      .array(z.enum(["insert", "update", "delete"]))
      .min(1)
      .default(["insert", "update", "delete"])
      .describe("What the workload may do to such rows; what is left out is not tried"),
    refusals: z
      .array(
        z.string().regex(refusal, "a SQLSTATE that refuses on purpose, such as 42501 or one of your own"),
      )
      .min(1)
      .describe("The SQLSTATEs by which a moving tenant's writes are refused; NO_ROW_CHANGED: silently"),
  })
  .refine(
    ({ column, table, database }) =>
      column !== undefined || table.includes("{tenant}") || database?.includes("{tenant}"),
    "the column with the tenant's id, or {tenant} in table or database",
  )
  .refine(({ row }) => Object.keys(row).length > 0, "a row with at least one column");

const Moved = z.strictObject({
  tenant: Tenant.describe("The canary tenant that moved into the region"),
  tables: z
    .array(
      z.strictObject({
        table: Table.describe("Where its rows are; {tenant} stands for its id"),
        column: Column.optional().describe(
          "What holds its id; left out where every tenant has its own table",
        ),
        columns: z
          .array(Column)
          .min(1)
          .max(90)
          .describe(
            "What has to arrive as it left, in this order; not what may differ, such as a serial number",
          ),
      }),
    )
    .min(1)
    .max(50),
});

export const PostgresEndpoint = z.strictObject({
  host: HostName,
  port: Port.default(5432),
  database: z.string().min(1),
  tls: z.boolean().default(true).describe("Whether clients must use TLS and verify the server's certificate"),
  baseBackup: z
    .literal(true)
    .optional()
    .describe("Also begins a physical copy, at home too: the server then writes a checkpoint"),
  moving: Moving.optional().describe("Tries to write for a tenant that is being moved"),
  moved: Moved.optional().describe("Compares a tenant that moved here with the mover's manifest"),
  departed: Tenant.optional().describe("A canary tenant that moved away; its manifest stays behind"),
  credentials: z.strictObject({
    own: login.describe("What the region's workload logs in with"),
    canary: login.describe("Opens the canary table and nothing else; the other regions try it"),
    replication: login.describe("The strongest replication login a workload of the region holds"),
    auditor: login.describe(
      "Reads catalogs and canary tables of its own region (pg_monitor, pg_read_all_data)",
    ),
    writer: login
      .optional()
      .describe("Another login that writes tenants' rows: a sync, a dual write; tried with `moving`"),
  }),
});
export type PostgresEndpoint = z.infer<typeof PostgresEndpoint>;
export type PostgresContext = TryContext<PostgresEndpoint>;
export type Moving = z.infer<typeof Moving>;
export type Moved = z.infer<typeof Moved>;
export type Login = z.infer<typeof login>;
