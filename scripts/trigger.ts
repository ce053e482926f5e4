import { spawnSync } from "node:child_process";
import { oneLine } from "../attest/history/record.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const buildLinks = ["BUILD_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "DRONE_BUILD_LINK"] as const;

/** What made a run run, in the words of the CI that it runs in; null where nothing says. */
export function triggerFrom(environment: Environment): string | null {
  const said = (...parts: (string | undefined)[]) => oneLine(parts.filter(Boolean).join(", "));
  const by = (who: string | undefined) => (who ? `by ${who}` : undefined);
  if (environment.GITHUB_ACTIONS === "true") {
    const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT = "1" } = environment;
    const link = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}/attempts/${GITHUB_RUN_ATTEMPT}`;
    return said(
      `GitHub Actions: ${environment.GITHUB_EVENT_NAME ?? "?"}`,
      environment.GITHUB_WORKFLOW,
      by(environment.GITHUB_TRIGGERING_ACTOR ?? environment.GITHUB_ACTOR),
      GITHUB_RUN_ID ? withoutSecret(link) : undefined,
    );
  }
  if (environment.GITLAB_CI === "true")
    return said(
      `GitLab CI: ${environment.CI_PIPELINE_SOURCE ?? "?"}`,
      environment.CI_JOB_NAME,
      by(environment.GITLAB_USER_LOGIN),
      withoutSecret(environment.CI_JOB_URL),
    );
  const link = buildLinks.map((name) => environment[name]).find(Boolean);
  return link || environment.CI ? said("CI", withoutSecret(link)) : null;
}

const commits = [
  "GITHUB_SHA",
  "CI_COMMIT_SHA",
  "GIT_COMMIT",
  "BUILDKITE_COMMIT",
  "CIRCLE_SHA1",
  "BITBUCKET_COMMIT",
  "BUILD_SOURCEVERSION",
] as const;

const hash = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/** The commit of the infrastructure that is tested: what the CI says, else that of the folder of the map,
 *  marked where files were changed since. Null where there is none; never an error. */
export function commitFrom(environment: Environment, folder: string): string | null {
  const told = commits.map((name) => environment[name]?.toLowerCase()).find((one) => one && hash.test(one));
  if (told) return told;
  const head = git(folder, "rev-parse", "HEAD");
  if (!head || !hash.test(head)) return null;
  const changed = git(folder, "status", "--porcelain", "--untracked-files=no");
  return changed === "" ? head : `${head}-dirty`;
}

function git(folder: string, ...args: string[]): string | null {
  const asked = ["-C", folder, "--no-optional-locks", ...args];
  const done = spawnSync("git", asked, {
    encoding: "utf8",
    timeout: 5000,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return done.status === 0 ? done.stdout.trim() : null;
}

/** A link may carry the name and the token of whoever fetched by it; one that cannot be taken apart is none. */
function withoutSecret(link: string | undefined): string | undefined {
  const { protocol, origin, pathname } = (link && URL.parse(link)) || {};
  return protocol === "https:" || protocol === "http:" ? `${origin}${pathname}` : undefined;
}
