import { beforeAll, describe, expect, test } from "vitest";
import { Try } from "../../core/journal.ts";
import { deadlineMs, type HostileCase, type HostileResult, type HostileRun, secret } from "./case.ts";
import { hostileCases, runHostileCases } from "./run.ts";
import { asAttempt, asControl, isByOwn, isPublic, isWitnessed, lookOf } from "./verdicts.ts";

let run: HostileRun;
let met: [HostileCase, HostileResult][];
beforeAll(async () => {
  run = await runHostileCases();
  met = hostileCases.map((one, index) => [{ ...one, port: 0 }, run.results[index] as HostileResult]);
}, 300_000);

type Chosen = (one: HostileCase, result: HostileResult) => boolean;
const isInside: Chosen = (one) => lookOf(one) !== null;
const isFar: Chosen = (one, result) => !isInside(one, result) && !isByOwn(one);

/** "kind probe | behaviour: what was seen" of every case that breaks a rule, so that a failure names all. */
function breaking(chosen: Chosen, isWrong: Chosen): string[] {
  const all = met.filter(([one, result]) => chosen(one, result));
  expect(all.length, "no case was chosen: mend this test").toBeGreaterThan(0);
  return all
    .filter(([one, result]) => isWrong(one, result))
    .map(([one, { tries, elapsedMs, late }]) => {
      const seen = tries.map(({ climbed, outcome }) => `${climbed} ${JSON.stringify(outcome)}`).join("; ");
      return `${one.kind}${one.tls ? " (TLS)" : ""} ${one.probe} | ${one.behaviour}: ${seen}, ${Math.round(elapsedMs)} ms, late ${late}`;
    });
}

function outcomesOf(probe: string, behaviour: string, tls = false) {
  const found = met.find(([one]) => one.probe === probe && one.behaviour === behaviour && one.tls === tls);
  return found?.[1].tries.map(({ climbed, outcome }) => ({ climbed, ...outcome }));
}

describe("whatever a hostile server does", () => {
  test("every case gives one try or more, and each fits the journal", () => {
    expect(run.results.length).toBe(hostileCases.length);
    expect(
      breaking(
        () => true,
        (_, { tries }) => tries.length === 0,
      ),
    ).toEqual([]);
    expect(
      breaking(
        () => true,
        (_, { tries }) => tries.some((one) => !Try.safeParse(one).success),
      ),
    ).toEqual([]);
  });

  test("every try ends within 250 ms of its deadline", () => {
    const late: Chosen = (_, { tries, stalledMs }) =>
      tries.some(({ durationMs }) => durationMs > deadlineMs + 250 + stalledMs);
    expect(breaking(() => true, late)).toEqual([]);
  });

  test("a name that is asked again and again takes at most half a deadline more", () => {
    const allowedMs = (one: HostileCase) => deadlineMs * (lookOf(one) === "wiring" ? 1.5 : 1) + 250;
    expect(
      breaking(
        () => true,
        (one, { elapsedMs, stalledMs }) => elapsedMs > allowedMs(one) + stalledMs,
      ),
    ).toEqual([]);
  });

  test("a whole kind stays under 400 MB, SDK clients and all, though many servers send 1 GB", () => {
    expect(run.peakMegabytes).toBeLessThan(400);
  });

  test("no rejection or exception is left to the process, because one would end the region's run", () => {
    expect(run.unhandled).toEqual([]);
  });

  test("no socket, timer or look-up is left when the run is over", () => {
    expect(run.leftOpen).toEqual([]);
  });

  test("nothing is printed by a client library, because what it prints is the server's", () => {
    expect(run.said).toBe("");
  });

  test("what is written down holds no byte of the attack, and no secret", () => {
    const written = JSON.stringify(run.results);
    expect(written).not.toMatch(
      /(?<!sub)script|onerror|__pwned|\\u001b|\\n|run-finished|testcase|\\u202e|\u202e/i,
    );
    expect(written).not.toContain(secret);
    expect(written).not.toContain("AAAAAAAA");
  });
});

describe("the verdict is right", () => {
  test("under stop-by network every far server that completed TCP is a breach", () => {
    const chosen: Chosen = (one, result) => !isPublic(one) && isFar(one, result);
    expect(breaking(chosen, (one, result) => asAttempt(one, result).grade !== "breached")).toEqual([]);
  });

  test("under stop-by authorization a far server that does not let us in is inconclusive, never contained", () => {
    const chosen: Chosen = (one, result) =>
      isPublic(one) && isFar(one, result) && one.behaviour !== "says a fake canary";
    expect(breaking(chosen, (one, result) => asAttempt(one, result).grade !== "inconclusive")).toEqual([]);
  });

  test("a far bucket that hands out somebody's canary is not contained", () => {
    const chosen: Chosen = (one, result) =>
      isPublic(one) && isFar(one, result) && one.behaviour === "says a fake canary";
    expect(breaking(chosen, (one, result) => asAttempt(one, result).grade === "contained")).toEqual([]);
  });

  test("an own system that is hostile is never contained, because nothing there was looked into", () => {
    expect(breaking(isInside, (one, result) => asAttempt(one, result).grade === "contained")).toEqual([]);
  });

  test.each(["drop", "reject"] as const)(
    "an own proxy or resolver that is hostile stops nothing by what it does, where the border is to %s",
    (guard) => {
      expect(
        breaking(isByOwn, (one, result) => asAttempt(one, result, { guard }).grade === "contained"),
      ).toEqual([]);
    },
  );

  test("where the border is declared to reject, only a reset in place of TLS may be the border's", () => {
    const chosen: Chosen = (one, result) => isPublic(one) && isFar(one, result);
    const isBorder: Chosen = (_, { tries }) =>
      tries.every(
        ({ outcome }) =>
          outcome.kind === "refused" && outcome.rung === "tls" && outcome.code === "ECONNRESET",
      );
    const wrong: Chosen = (one, result) =>
      asAttempt(one, result, { guard: "reject" }).grade === "contained" && !isBorder(one, result);
    expect(breaking(chosen, wrong)).toEqual([]);
  });

  test.each(["twin", "targetAlive"] as const)(
    "as %s it proves nothing: a fake canary is not the one planted",
    (role) => {
      expect(
        breaking(
          (one) => one.probe !== "tcp",
          (_, result) => asControl(result, role).grade === "contained",
        ),
      ).toEqual([]);
    },
  );

  test("where the control must only be let in, a server that merely lets everyone in does not hold", () => {
    const chosen: Chosen = ({ probe }) =>
      /^(postgres-replication|postgres-base-backup|s3-list|s3-put-far|sqs-send|sns-publish|snapshot-(pull|push|restore)|backup-copy)$/.test(
        probe,
      );
    expect(
      breaking(chosen, (_, { tries }) => tries.some(({ outcome }) => outcome.kind === "reached")),
    ).toEqual([]);
  });

  test("a greeting that comes after the deadline is still written down", () => {
    const chosen: Chosen = ({ probe, behaviour }) =>
      /^(postgres|redis)$/.test(probe) && behaviour === "greets when the deadline has passed";
    expect(breaking(chosen, (_, { late }) => !late.includes("authentication"))).toEqual([]);
  });

  test("so is a tunnel that opens after it", () => {
    const chosen: Chosen = (one) =>
      one.behaviour === "opens a tunnel when the deadline has passed" && !isWitnessed(one);
    expect(breaking(chosen, (_, { late }) => !late.includes("network"))).toEqual([]);
  });
});

describe("what is said of", () => {
  const tooLong = { kind: "faulted", code: "ANSWER_TOO_LONG" };
  const notAws = { kind: "faulted", code: "NOT_ANSWERED_BY_AWS" };
  test.each<[string, string, Record<string, unknown>]>([
    ["s3-get", "sends 1 GB", { ...tooLong, climbed: "tls" }],
    ["s3-presigned", "sends 1 GB", { ...tooLong, climbed: "tls" }],
    ["s3-assume-role", "sends 1 GB of informational answers", { ...tooLong, climbed: "tls" }],
    ["s3-get", "sends a header of 10 MB", { kind: "faulted", code: "HPE_HEADER_OVERFLOW", climbed: "tls" }],
    ["s3-presigned", "redirects for ever (307)", { kind: "faulted", code: "HTTP_307", climbed: "tls" }],
    ["s3-get", "redirects as S3 does", { kind: "faulted", code: "PermanentRedirect", climbed: "tls" }],
    [
      "s3-get",
      "says an error code full of markup",
      { kind: "faulted", code: "UNREADABLE_CODE", climbed: "tls" },
    ],
    ["s3-get", "refuses without being S3", { kind: "faulted", code: "NOT_ANSWERED_BY_S3", climbed: "tls" }],
    ["s3-get", "closes half instead of TLS", { kind: "faulted", code: "CLOSED_BY_PEER", climbed: "network" }],
    ["s3-get", "resets instead of an answer", { kind: "faulted", code: "ECONNRESET", climbed: "tls" }],
    [
      "s3-get",
      "sends a decompression bomb",
      { kind: "faulted", code: "NO_CANARY_IN_ANSWER", climbed: "tls" },
    ],
    ["sqs-receive", "refuses in SQS's words without being SQS", { ...notAws, climbed: "tls" }],
    [
      "sqs-receive",
      "answers everything with an empty page",
      { kind: "faulted", code: "NO_MESSAGE_RECEIVED" },
    ],
    ["sns-publish", "refuses in SNS's words without being SNS", { ...notAws, climbed: "tls" }],
    ["sns-publish", "accepts in SNS's words without being SNS", { ...notAws, climbed: "tls" }],
    ["sns-publish", "answers everything with an empty page", { ...notAws, climbed: "tls" }],
    ["sns-links", "has subscriptions of markup", { kind: "reached", rung: "data" }],
    ["sns-links", "has another topic's subscriptions", notAws],
    ["snapshot-pull", "refuses in RDS's words without being RDS", { ...notAws, climbed: "tls" }],
    ["snapshot-pull", "lets in in RDS's words without being RDS", { ...notAws, climbed: "tls" }],
    ["snapshot-pull", "answers everything with an empty page", { ...notAws, climbed: "tls" }],
    ["s3-restore", "says markup where a canary should be", { kind: "faulted", code: "NO_DUMP_IN_ANSWER" }],
    ["postgres", "sends 1 GB of rows", { kind: "faulted", climbed: "authorization" }],
    [
      "postgres",
      "sends an error without an end",
      { kind: "faulted", code: "NOT_POSTGRES", climbed: "network" },
    ],
    [
      "postgres",
      "greets, then sends garbage",
      { kind: "faulted", code: "NOT_POSTGRES", climbed: "authorization" },
    ],
    ["postgres", "says a made-up SQLSTATE", { kind: "faulted", code: "UNREADABLE_CODE", climbed: "network" }],
    ["postgres", "resets after the login", { kind: "faulted", code: "ECONNRESET", climbed: "authorization" }],
    ["redis", "sends a value of 1 GB", { kind: "faulted", climbed: "authentication" }],
    [
      "redis",
      "announces an array of 33 million",
      { kind: "faulted", code: "NOT_REDIS", climbed: "authentication" },
    ],
    ["redis", "pushes what nobody asked for", { kind: "faulted", code: "NOT_REDIS", climbed: "network" }],
    ["ssh", "sends 1 GB of messages to ignore", { ...tooLong, climbed: "network" }],
    ["ssh", "sends 1 GB before its name", { kind: "faulted", code: "NOT_SSH", climbed: "network" }],
    ["ssh", "would compress everything", { kind: "faulted", code: "NO_KEY_EXCHANGE", climbed: "network" }],
    ["ssh", "disconnects with markup", { kind: "faulted", code: "SSH_DISCONNECT_2", climbed: "network" }],
    ["redis", "says an error full of markup", { kind: "refused", rung: "authentication", code: "WRONGPASS" }],
    ["vendor", "sends 1 GB", { kind: "reached", rung: "tls", climbed: "tls" }],
    ["vendor", "never ends its headers", { kind: "silent", rung: "authentication", climbed: "tls" }],
    ["vendor", "sends 1 GB of informational answers", { ...tooLong, climbed: "tls" }],
    ["vendor", "redirects for ever (307)", { kind: "reached", rung: "tls" }],
    ["vendor", "switches protocols", { kind: "reached", rung: "tls" }],
    [
      "vendor-proxy",
      "sends a header of 10 MB",
      { kind: "faulted", code: "PROXY_UNREADABLE", climbed: "name" },
    ],
    ["proxy-tunnel", "sends 1 GB", { kind: "faulted", code: "PROXY_UNREADABLE", climbed: "name" }],
    ["proxy-tunnel", "never ends its header", { kind: "silent", rung: "network", climbed: "name" }],
    [
      "vendor-proxy",
      "opens a tunnel, and closes it",
      { kind: "faulted", code: "PROXY_CLOSED", climbed: "name" },
    ],
    ["vendor-proxy", "opens a tunnel of garbage", { kind: "faulted", climbed: "network" }],
    ["proxy-tunnel", "opens a tunnel of 1 GB", { kind: "reached", rung: "network" }],
    ["dns-resolver", "says a fake canary", { kind: "reached", rung: "data" }],
    [
      "dns-resolver",
      "says markup where a canary should be",
      { kind: "faulted", code: "NO_CANARY_IN_ANSWER" },
    ],
    ["dns-private", "echoes the question", { kind: "faulted", code: "NOT_DNS", climbed: "network" }],
    ["dns-private", "sends 1 GB", { kind: "faulted", climbed: "network" }],
  ])("%s against a server that %s", (probe, behaviour, outcome) => {
    expect(outcomesOf(probe, behaviour)).toEqual([expect.objectContaining(outcome)]);
  });

  test.each<[string, Record<string, unknown>]>([
    ["sends 1 GB instead of a greeting", { kind: "faulted", code: "NOT_SMTP", climbed: "network" }],
    ["sends 1 GB of greetings", { kind: "faulted", code: "NOT_SMTP", climbed: "network" }],
    ["slips an answer in behind STARTTLS", { kind: "faulted", code: "NOT_SMTP", climbed: "network" }],
    ["slips answers in a moment after STARTTLS", { kind: "faulted", climbed: "network" }],
    ["says nothing instead of TLS", { kind: "silent", rung: "tls", climbed: "network" }],
    ["refuses the login with markup", { kind: "faulted", code: "NOT_SMTP", climbed: "tls" }],
    ["answers one command twice", { kind: "faulted", code: "NOT_SMTP", climbed: "authentication" }],
    ["wants the message at once", { kind: "faulted", code: "SMTP_354", climbed: "authentication" }],
    ["accepts everything", { kind: "reached", rung: "authorization" }],
  ])("smtp against a relay that %s", (behaviour, outcome) => {
    expect(outcomesOf("smtp", behaviour, true)).toEqual([expect.objectContaining(outcome)]);
  });

  test.each<[string, string, Record<string, unknown>]>([
    ["https", "sends 1 GB", { ...tooLong, climbed: "tls" }],
    ["https", "redirects for ever (307)", { kind: "faulted", code: "HTTP_307", climbed: "tls" }],
    ["https", "refuses without being S3", { kind: "refused", rung: "authorization", code: "HTTP_403" }],
    ["https", "refuses with a fake canary", { kind: "reached", rung: "data" }],
    ["https", "redirects with a fake canary", { kind: "reached", rung: "data" }],
    ["https", "closes half instead of TLS", { kind: "faulted", code: "CLOSED_BY_PEER", climbed: "network" }],
    ["https-links", "lets in, then sends an empty page", { kind: "faulted", code: "NOT_JSON" }],
    ["https-links", "lets in, then names ten thousand peers", { kind: "faulted", code: "SEARCH_TRUNCATED" }],
    ["https-place", "lets in, then is in a region of markup", { kind: "faulted", code: "UNREADABLE_PLACE" }],
    ["https-cookie", "lets in, then sends an empty page", { kind: "faulted", code: "NO_SESSION_COOKIE" }],
    ["https-log", "lets in, then refuses", { kind: "faulted", code: "HTTP_403" }],
    ["https-tenant", "lets in, then sends an empty page", { kind: "faulted", code: "HTTP_200" }],
    [
      "https-directory",
      "lets in, then sends an empty object",
      { kind: "faulted", code: "REGION_NOT_IN_DIRECTORY" },
    ],
  ])("%s against a service that %s", (probe, behaviour, outcome) => {
    expect(outcomesOf(probe, behaviour, true)).toEqual([expect.objectContaining(outcome)]);
  });

  test("without TLS nobody knows who refused", () => {
    expect(outcomesOf("https", "refuses without being S3")).toEqual([
      expect.objectContaining({ kind: "faulted", code: "HTTP_403_UNVERIFIED" }),
    ]);
  });

  test("a PostgreSQL that is hostile inside TLS: the rung of TLS is kept", () => {
    expect(outcomesOf("postgres", "sends garbage", true)).toEqual([
      expect.objectContaining({ kind: "faulted", code: "NOT_POSTGRES", climbed: "tls" }),
    ]);
  });
});
