import type { Outcome } from "../core/vocabulary.ts";
import { canariesIn } from "./canary.ts";
import type { HttpAnswer } from "./http.ts";

/** Digests of the canaries anywhere in an answer: a redirect's Location gives data away as well as a body. */
export function canariesOf({ headers, body }: Pick<HttpAnswer, "headers" | "body">): string[] {
  return canariesIn(`${Object.values(headers).flat().join("\n")}\n${body}`);
}

const refusals: Record<number, "authentication" | "authorization"> = {
  401: "authentication",
  403: "authorization",
  421: "authorization",
};

/** Where a redirect may lead to be a refusal: to the asker's own region, or the tenant's. */
export interface Asked {
  tls: boolean;
  /** The host that was asked, and the host of that region. */
  host: string;
  home: string;
}

/** What a service's answer to a request for its canary means. A canary is data, whatever the status. Whose
 *  several canaries are is for others to say, so none is named then. 401, 403 and 421 (RFC 9110, 15.5) are
 *  refusals, if TLS vouches for who refused; so is a redirect that sends the asker home. 404, 407, 429, 5xx,
 *  any other redirect, and a success without the canary prove nothing. */
export function outcomeOf(answer: HttpAnswer, asked: Asked): Outcome {
  const canaries = canariesOf(answer);
  const [only] = canaries;
  if (only !== undefined)
    return { kind: "reached", rung: "data", ...(canaries.length === 1 ? { canary: only } : {}) };
  const { status } = answer;
  if (isSuccess(answer)) return { kind: "faulted", code: "NO_CANARY_IN_ANSWER" };
  const rung = refusals[status] ?? (sendsHome(answer, asked) ? "authorization" : undefined);
  if (rung === undefined) return { kind: "faulted", code: `HTTP_${status}` };
  if (!asked.tls) return { kind: "faulted", code: `HTTP_${status}_UNVERIFIED` };
  return { kind: "refused", rung, code: `HTTP_${status}` };
}

export function isSuccess({ status }: Pick<HttpAnswer, "status">): boolean {
  return status >= 200 && status < 300;
}

/** Whether a service turned away a request for a tenant that is not its own: nothing was handed out. A redirect
 *  does so only where it leads to the tenant's own region. */
export function turnsAway(answer: HttpAnswer, asked: Asked): boolean {
  return [401, 403, 404, 421].includes(answer.status) || sendsHome(answer, asked);
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** A redirect within the asked region may well end at the data; only one to that home does not. */
function sendsHome({ status, headers }: HttpAnswer, { host, home }: Asked): boolean {
  if (!isRedirect(status) || host === home || !headers.location) return false;
  const to = URL.canParse(headers.location) ? new URL(headers.location) : null;
  return to?.protocol === "https:" && to.hostname === home.toLowerCase();
}
