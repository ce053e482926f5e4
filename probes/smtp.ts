import { z } from "zod";
import { assertNever } from "../core/errors.ts";
import type { Findings } from "../core/journal.ts";
import { HostName, Port, SecretReference } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import { canaryDigest, newCanary } from "./canary.ts";
import { inside } from "./checks.ts";
import type { Ladder } from "./ladder.ts";
import { addressesOf } from "./names.ts";
import { type Answer, defineProbe, type TryContext } from "./probe.ts";
import { SmtpRefusal, SmtpSession } from "./smtp-session.ts";
import { connectTcp, tcpCheck } from "./tcp.ts";

const login = { user: z.string().min(1).max(300), password: SecretReference };

const SmtpEndpoint = z.strictObject({
  host: HostName,
  port: Port.default(587),
  tls: z
    .enum(["starttls", "implicit"])
    .default("starttls")
    .describe("How the port goes over to TLS; without TLS no password is ever sent"),
  domain: HostName.describe("Behind the @ of the sender and of the canary mailbox"),
  sender: z
    .string()
    .regex(/^[a-z0-9._+-]{1,64}$/i, "what stands before the @")
    .default("ringfence")
    .describe("Whom the envelope is from"),
  credentials: z.strictObject({
    own: z.strictObject(login).describe("What the region's workload logs in with"),
    canary: z
      .strictObject({ ...login, mailbox: SecretReference })
      .describe("An account of its own, and the unguessable mailbox that only this region's relay accepts"),
  }),
});
type SmtpEndpoint = z.infer<typeof SmtpEndpoint>;

/** A mail relay. An accepted envelope is a leak; no message is ever handed over. */
export const smtp = defineProbe({
  kind: "smtp",
  endpoint: SmtpEndpoint,
  stopBy: "network",
  checks: [
    tcpCheck,
    {
      probe: "smtp",
      family: "send",
      routes: ["name", "address"],
      credentials: ["own", "target"],
      goal: "authorization",
      contacts: "target",
      proves: "the far relay takes no envelope from here",
    },
    {
      ...inside,
      probe: "smtp-wiring",
      looksFor: "place",
      family: "wiring",
      privateAddresses: true,
      proves: "the own relay's name ends in the own region, and the relay says so",
    },
  ],
  contact: (endpoint) => endpoint,
  async run(context) {
    const { item, ladder, address, target } = context;
    switch (item.probe) {
      case "tcp":
        await connectTcp(ladder, { address, port: target.port });
        return { outcome: { kind: "reached", rung: "network" } };
      case "smtp": {
        await using session = await SmtpSession.open(ladder, { ...target, address });
        return { outcome: await offerEnvelope(session, context) };
      }
      default:
        return lookWhere(context);
    }
  },
  explain,
});

/** Tries the envelope even after a refused login: a relay that is open to everybody refuses a login all the same, and
 *  what it puts off it may take tomorrow. Throws AUTH_NOT_OFFERED where it wants a login and did not offer one,
 *  because then none was tried. */
async function offerEnvelope(
  session: SmtpSession,
  { own, target, item, secret }: TryContext<SmtpEndpoint>,
): Promise<Outcome> {
  const { user, password } =
    item.vector.credentials === "target" ? target.credentials.canary : own.credentials.own;
  await session.secure();
  const login = await session.logIn(user, secret(password)).catch((error: unknown) => {
    if (isRefusedLogin(error)) return error;
    throw error;
  });
  try {
    await session.mailFrom(`${own.sender}@${own.domain}`);
    const answer = await session.recipient(`${secret(target.credentials.canary.mailbox)}@${target.domain}`);
    if (answer !== "accepted") throw answer;
  } catch (error) {
    if (isRefusedLogin(login) && isLasting(error)) throw login;
    if (login === "not asked" && isRefusedLogin(error))
      throw Object.assign(new Error("no AUTH"), { code: "AUTH_NOT_OFFERED" });
    throw error;
  }
  await session.takeBack().catch(() => {});
  return { kind: "reached", rung: "authorization" };
}

/** What the relay called itself counts even where the conversation ends early. */
async function lookWhere(context: TryContext<SmtpEndpoint>): Promise<Answer> {
  const { own, ladder, address } = context;
  await using session = await SmtpSession.open(ladder, { ...own, address });
  const outcome = await proveMailbox(session, context).catch((error: unknown) => explain(error, ladder));
  const findings = await whereServed(session.names, address);
  const canary = outcome.kind === "reached" ? outcome.canary : undefined;
  return { outcome, findings: canary ? { ...findings, canaries: [canary] } : findings };
}

/** The region's own relay knows the canary mailbox and refuses another of the same form. One that takes both
 *  takes everything, and proves nothing. */
async function proveMailbox(
  session: SmtpSession,
  { own, secret }: TryContext<SmtpEndpoint>,
): Promise<Outcome> {
  const { user, password } = own.credentials.own;
  const mailbox = secret(own.credentials.canary.mailbox);
  await session.secure();
  await session.logIn(user, secret(password));
  await session.mailFrom(`${own.sender}@${own.domain}`);
  const decoy = await session.recipient(`${newCanary()}@${own.domain}`);
  const real = await session.recipient(`${mailbox}@${own.domain}`);
  await session.takeBack();
  if (real !== "accepted") throw real;
  const canary = canaryDigest(mailbox);
  if (canary === undefined || decoy === "accepted" || !envelopeRefusals.has(decoy.reply))
    return { kind: "reached", rung: "authorization" };
  return { kind: "reached", rung: "data", canary };
}

/** Without an address behind every name that it gave, a relay has not said where it is. */
async function whereServed(names: readonly string[], address: string): Promise<Findings> {
  const places = await Promise.all([...new Set(names)].map(addressesOf));
  if (places.length === 0 || places.some((addresses) => addresses.length === 0)) return {};
  return { servedFrom: { addresses: [...new Set([address, ...places.flat()])].slice(0, 64) } };
}

/** RFC 4954, section 6: authentication required, too weak, refused, or in need of encryption. */
const loginRefusals = new Set([530, 534, 535, 538]);

function isLasting(error: unknown): boolean {
  return error instanceof SmtpRefusal && error.reply >= 500;
}

/** RFC 5321, section 4.2.3: no such mailbox, or not for you. The others from 550 on are a full mailbox, a parameter
 *  that nobody knows, and a domain that takes no mail at all. */
const envelopeRefusals = new Set([550, 551, 553, 554]);

function isRefusedLogin(error: unknown): boolean {
  return error instanceof SmtpRefusal && loginRefusals.has(error.reply);
}

/** Only a lasting no to our login or to our envelope is a refusal: a reply of 4yz is about today, and one in the
 *  opening about nobody in particular. RFC 5321, section 4.2.1. */
function explain(error: unknown, ladder: Ladder): Outcome {
  if (error instanceof SmtpRefusal) return refusalOf(error);
  const { code } = error as { code?: unknown };
  return (
    brokenConnection(error, ladder) ?? {
      kind: "faulted",
      code: typeof code === "string" ? code : "CLIENT_ERROR",
    }
  );
}

function refusalOf({ reply, stage }: SmtpRefusal): Outcome {
  const code = `SMTP_${reply}`;
  switch (stage) {
    case "opening":
      return { kind: "faulted", code };
    case "login":
      return loginRefusals.has(reply)
        ? { kind: "refused", rung: "authentication", code }
        : { kind: "faulted", code };
    case "envelope":
      if (loginRefusals.has(reply)) return { kind: "refused", rung: "authentication", code };
      return envelopeRefusals.has(reply)
        ? { kind: "refused", rung: "authorization", code }
        : { kind: "faulted", code };
    default:
      return assertNever(stage);
  }
}
