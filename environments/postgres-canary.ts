import pg from "pg";

export interface Login {
  user: string;
  password: string;
}

/** The logins that a PostgreSQL system of a residency map names. */
export type PostgresLogins = Record<"own" | "canary" | "replication" | "auditor", Login> & { writer?: Login };

/** The roles of all systems on one server; a login that several of them name is one role. */
export function roleStatements(...systems: readonly PostgresLogins[]): string {
  const passwords = new Map(
    systems.flatMap((logins) => Object.values(logins)).map(({ user, password }) => [user, password]),
  );
  const names = (role: "replication" | "auditor") => [
    ...new Set(systems.map((logins) => pg.escapeIdentifier(logins[role].user))),
  ];
  return [
    ...[...passwords].map(
      ([user, password]) =>
        `CREATE ROLE ${pg.escapeIdentifier(user)} LOGIN PASSWORD ${pg.escapeLiteral(password)};`,
    ),
    ...names("replication").map((user) => `ALTER ROLE ${user} REPLICATION;`),
    `GRANT pg_monitor, pg_read_all_data TO ${names("auditor").join(", ")};`,
  ].join("\n");
}

/** The table that holds a region's canary, and nothing else; run in the system's own database. Without a
 *  canary it stays empty, until one is moved in. */
export function canaryStatements(
  logins: PostgresLogins,
  { region, canary }: { region: string; canary: string | null },
): string {
  const readers = [logins.own, logins.canary].map(({ user }) => pg.escapeIdentifier(user)).join(", ");
  return `
    CREATE SCHEMA ringfence;
    CREATE TABLE ringfence.canary (region text NOT NULL, value text NOT NULL);
    ${canary === null ? "" : plantStatement({ region, canary })}
    GRANT USAGE ON SCHEMA ringfence TO ${readers};
    GRANT SELECT ON ringfence.canary TO ${readers};
    GRANT SELECT (subconninfo) ON pg_subscription TO ${pg.escapeIdentifier(logins.auditor.user)};`;
}

export function plantStatement({ region, canary }: { region: string; canary: string }): string {
  return `INSERT INTO ringfence.canary VALUES (${pg.escapeLiteral(region)}, ${pg.escapeLiteral(canary)});`;
}
