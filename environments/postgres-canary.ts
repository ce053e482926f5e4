import pg from "pg";

export interface Login {
  user: string;
  password: string;
}

/** The logins that a PostgreSQL system of a residency map names. */
export type PostgresLogins = Record<"own" | "canary" | "replication" | "auditor", Login>;

export function roleStatements(logins: PostgresLogins): string {
  const role = ({ user, password }: Login, more = "") =>
    `CREATE ROLE ${pg.escapeIdentifier(user)} LOGIN ${more} PASSWORD ${pg.escapeLiteral(password)};`;
  return `
    ${role(logins.own)} ${role(logins.canary)} ${role(logins.replication, "REPLICATION")} ${role(logins.auditor)}
    GRANT pg_monitor, pg_read_all_data TO ${pg.escapeIdentifier(logins.auditor.user)};`;
}

/** The table that holds a region's canary, and nothing else; run in the system's own database. */
export function canaryStatements(
  logins: PostgresLogins,
  { region, canary }: { region: string; canary: string },
): string {
  const readers = [logins.own, logins.canary].map(({ user }) => pg.escapeIdentifier(user)).join(", ");
  return `
    CREATE SCHEMA ringfence;
    CREATE TABLE ringfence.canary (region text NOT NULL, value text NOT NULL);
    INSERT INTO ringfence.canary VALUES (${pg.escapeLiteral(region)}, ${pg.escapeLiteral(canary)});
    GRANT USAGE ON SCHEMA ringfence TO ${readers};
    GRANT SELECT ON ringfence.canary TO ${readers};
    GRANT SELECT (subconninfo) ON pg_subscription TO ${pg.escapeIdentifier(logins.auditor.user)};`;
}
