import { z } from "zod";
import { RingfenceError } from "../../core/errors.ts";

const Answer = z.object({ value: z.string().min(1) });
const maximumBytes = 64 * 1024;

/** The OIDC token of this CI job: `SIGSTORE_ID_TOKEN`, or asked of GitHub Actions where the job has
 *  `id-token: write`. Throws SIGNER_INVALID without one, SIGNING_FAILED when it is refused; neither repeats a token.
 *  Source: GitHub Docs, "OpenID Connect reference". */
export async function readIdentityToken({
  environment = process.env,
  audience = "sigstore",
  deadlineMs = 20_000,
}: {
  environment?: NodeJS.ProcessEnv;
  audience?: string;
  deadlineMs?: number;
} = {}): Promise<string> {
  const { SIGSTORE_ID_TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN } = environment;
  if (SIGSTORE_ID_TOKEN) return SIGSTORE_ID_TOKEN;
  if (!ACTIONS_ID_TOKEN_REQUEST_URL || !ACTIONS_ID_TOKEN_REQUEST_TOKEN)
    throw new RingfenceError("SIGNER_INVALID", "this job has no identity to sign with", {
      fix: "in GitHub Actions give it `permissions: { id-token: write }`; elsewhere set SIGSTORE_ID_TOKEN",
    });
  let status = "no answer in time";
  try {
    const url = new URL(ACTIONS_ID_TOKEN_REQUEST_URL);
    url.searchParams.set("audience", audience);
    const response = await fetch(url, {
      headers: { accept: "application/json", authorization: `Bearer ${ACTIONS_ID_TOKEN_REQUEST_TOKEN}` },
      redirect: "error",
      signal: AbortSignal.timeout(deadlineMs),
    });
    status = `status ${response.status}`;
    if (response.ok) return Answer.parse(JSON.parse(await textOf(response))).value;
  } catch {
    // Not chained: the error can hold the URL, and what was answered.
  }
  throw new RingfenceError("SIGNING_FAILED", `the CI gave this job no identity token: ${status}`, {
    fix: "check the job's `id-token: write` permission; then run it again",
  });
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maximumBytes) throw new Error("too long");
  }
  return Buffer.concat(chunks).toString("utf8");
}
