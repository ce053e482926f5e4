import pg from "pg";
import { height, type Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import { canaryDigest } from "./canary.ts";
import { inside } from "./checks.ts";
import type { Ladder } from "./ladder.ts";
import { beginBaseBackup, hangUpSoon } from "./postgres-base-backup.ts";
import { type Moving, PostgresEndpoint } from "./postgres-endpoint.ts";
import { findLinks, findStrayCanaries, type Inside, type Looked, whereServed } from "./postgres-inside.ts";
import { compareRows } from "./postgres-rows.ts";
import { openSession, sqlState } from "./postgres-session.ts";
import { tryWrites } from "./postgres-writes.ts";
import { defineProbe } from "./probe.ts";
import { connectTcp, tcpCheck } from "./tcp.ts";

const trespass = { family: "trespass", routes: ["name", "address"], contacts: "target" } as const;

/** PostgreSQL 10 and later. SQLSTATE codes: PostgreSQL 18, appendix A. */
export const postgres = defineProbe({
  kind: "postgres",
  endpoint: PostgresEndpoint,
  stopBy: "network",
  checks: [
    tcpCheck,
    {
      ...trespass,
      probe: "postgres",
      credentials: ["own", "target"],
      goal: "data",
      proves: "no login, and no row of the far database",
    },
    {
      ...trespass,
      probe: "postgres-replication",
      credentials: ["own"],
      goal: "authorization",
      proves: "no replication stream from the far database",
    },
    {
      ...trespass,
      probe: "postgres-base-backup",
      needs: "baseBackup",
      credentials: ["own"],
      goal: "authorization",
      proves: "no physical copy of the far server begins",
    },
    {
      ...inside,
      probe: "postgres-stray",
      looksFor: "canaries",
      family: "stray",
      perOtherRegion: true,
      proves: "no canary of another region in the own database",
    },
    {
      ...inside,
      probe: "postgres-links",
      looksFor: "links",
      family: "stray",
      proves: "no subscriber, subscription, foreign server or replica outside the region",
    },
    {
      ...inside,
      probe: "postgres-wiring",
      looksFor: "place",
      family: "wiring",
      privateAddresses: true,
      proves: "the own name ends in the own region, and the server says so",
    },
    {
      ...inside,
      probe: "postgres-frozen",
      needs: "moving",
      looksFor: "writes",
      refusals: ({ moving }) => (moving as Moving).refusals,
      family: "stray",
      proves: "no write is accepted for a tenant while it is being moved",
    },
    {
      ...inside,
      probe: "postgres-moved-whole",
      needs: "moved",
      looksFor: "sums",
      family: "stray",
      proves: "a tenant that moved here has the rows with which it left, by number and by digest",
    },
  ],
  contact: (endpoint) => endpoint,
  async run(context) {
    const { item, ladder, address, target, own } = context;
    if (item.probe === "tcp") {
      await connectTcp(ladder, { address, port: target.port });
      return { outcome: { kind: "reached", rung: "network" } };
    }
    if (item.probe === "postgres-replication") {
      await using session = await openSession(context, own.credentials.replication, { replication: "true" });
      const { rows } = await session.client.query<{ systemid?: unknown }>("IDENTIFY_SYSTEM");
      if (!/^\d+$/.test(String(rows[0]?.systemid)))
        return { outcome: { kind: "faulted", code: "NOT_IDENTIFIED" } };
      return { outcome: { kind: "reached", rung: "authorization" } };
    }
    if (item.probe === "postgres-base-backup") {
      await using session = await openSession(context, own.credentials.replication, {
        replication: "true",
        options: hangUpSoon,
      });
      const connectAgain = () => connectTcp(ladder, { address, port: own.port });
      return { outcome: await beginBaseBackup(session.client, connectAgain) };
    }
    if (item.probe === "postgres") {
      const { canary } = target.credentials;
      await using session = await openSession(
        context,
        item.vector.credentials === "own" ? own.credentials.own : canary,
      );
      return { outcome: reachedCanary(await readCanary(session.client, item.to.region)) };
    }
    const open = (database: string) => openSession(context, own.credentials.auditor, { database });
    await using session = await open(own.database);
    const canary = await readCanary(session.client, item.to.region);
    const look = looks[item.probe] ?? whereServed;
    const { findings, failure, removed } = await look({ context, client: session.client, open });
    return {
      outcome: failure === undefined ? reachedCanary(canary) : explain(failure, ladder),
      findings: withOwn(findings, canary),
      ...(removed ? { removed } : {}),
    };
  },
  explain,
});

const looks: Record<string, (inside: Inside) => Promise<Looked>> = {
  "postgres-stray": findStrayCanaries,
  "postgres-links": findLinks,
  "postgres-wiring": whereServed,
  "postgres-frozen": tryWrites,
  "postgres-moved-whole": compareRows,
};

function withOwn<T extends { canaries?: string[] | undefined }>(findings: T, canary: string | undefined): T {
  return findings.canaries || !canary ? findings : { ...findings, canaries: [canary] };
}

function reachedCanary(canary: string | undefined): Outcome {
  return canary === undefined ? { kind: "reached", rung: "data" } : { kind: "reached", rung: "data", canary };
}

/** The row of the region that was asked: a replicated table may hold another region's, too. */
async function readCanary(client: pg.Client, region: string): Promise<string | undefined> {
  const query = "SELECT value FROM ringfence.canary WHERE region = $1 LIMIT 1";
  const { rows } = await client.query<{ value: unknown }>(query, [region]);
  return canaryDigest(rows[0]?.value);
}

/** Refusals of identity or rights are facts about the far side; a server that is starting, full or confused, or has
 *  not what was asked for, says nothing about isolation beyond the rungs already climbed. Where its host rules turn
 *  away who comes without TLS (28000), they may let in who comes with it. */
function explain(error: unknown, ladder: Ladder): Outcome {
  const broken = brokenConnection(error, ladder);
  if (broken) return broken;
  const code = error instanceof pg.DatabaseError ? sqlState(error.code) : undefined;
  if (code === "28P01" || (code === "28000" && height(ladder.climbed) >= height("tls")))
    return { kind: "refused", rung: "authentication", code };
  if (code === "42501")
    return { kind: "refused", rung: ladder.climbed === "authorization" ? "data" : "authorization", code };
  return { kind: "faulted", code: code ?? clientCode(error) };
}

function clientCode(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === "string") return code;
  if (message === "The server does not support SSL connections") return "TLS_NOT_OFFERED";
  if (message === "There was an error establishing an SSL connection") return "NOT_POSTGRES";
  if (message === "Connection terminated unexpectedly") return "CLOSED_BY_PEER";
  return "CLIENT_ERROR";
}
