import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { commitFrom, triggerFrom } from "./trigger.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-trigger-"));
afterAll(() => rmSync(folder, { recursive: true }));
const sha = "0123456789abcdef0123456789abcdef01234567";

describe("what made a run run", () => {
  test.each<[string | null, Record<string, string>]>([
    [
      "GitHub Actions: schedule, nightly, by ada, https://github.com/acme/infra/actions/runs/7/attempts/2",
      {
        GITHUB_ACTIONS: "true",
        GITHUB_EVENT_NAME: "schedule",
        GITHUB_WORKFLOW: "nightly",
        GITHUB_ACTOR: "ada",
        GITHUB_SERVER_URL: "https://github.com",
        GITHUB_REPOSITORY: "acme/infra",
        GITHUB_RUN_ID: "7",
        GITHUB_RUN_ATTEMPT: "2",
      },
    ],
    ["GitHub Actions: ?", { GITHUB_ACTIONS: "true" }],
    [
      "GitLab CI: push, isolation, by ada, https://git.acme.example/-/jobs/3",
      {
        GITLAB_CI: "true",
        CI_PIPELINE_SOURCE: "push",
        CI_JOB_NAME: "isolation",
        GITLAB_USER_LOGIN: "ada",
        CI_JOB_URL: "https://job:token@git.acme.example/-/jobs/3?private_token=x",
      },
    ],
    ["CI, https://jenkins.acme.example/job/9/", { BUILD_URL: "https://jenkins.acme.example/job/9/" }],
    [
      "CI, https://jenkins.acme.example/job/9/",
      { BUILD_URL: "https://job:p@ss@jenkins.acme.example/job/9/#token" },
    ],
    ["CI", { BUILD_URL: "https://job:pa/ss@jenkins.acme.example/job/9/" }],
    ["GitHub Actions: push", { GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: "push", GITHUB_RUN_ID: "7" }],
    ["CI", { CI: "1" }],
    [null, {}],
    [null, { PATH: "/bin", GITHUB_TOKEN: "secret" }],
  ])("is %s", (said, environment) => {
    expect(triggerFrom(environment)).toBe(said);
  });

  test("is one line, however a branch or a workflow is called", () => {
    const said = triggerFrom({
      GITHUB_ACTIONS: "true",
      GITHUB_WORKFLOW: `a\nb\u202e\u0000${"x".repeat(999)}`,
    });
    expect(said).toMatch(/^GitHub Actions: \?, a b x+$/);
    expect(said?.length).toBeLessThanOrEqual(300);
  });
});

describe("the commit", () => {
  test("is what the CI says, in whatever case", () => {
    expect(commitFrom({ CI_COMMIT_SHA: sha.toUpperCase() }, folder)).toBe(sha);
    expect(commitFrom({ GIT_COMMIT: "HEAD; rm -rf /" }, folder)).toBe(null);
  });

  test("is that of the map's folder, and marked when something was changed since", () => {
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args]);
    expect(commitFrom({}, folder)).toBe(null);
    git("init", "-q");
    expect(commitFrom({}, folder)).toBe(null);
    writeFileSync(join(folder, "residency.yaml"), "one");
    git("add", ".");
    git("commit", "-q", "-m", "one");
    expect(commitFrom({}, folder)).toMatch(/^[0-9a-f]{40}$/);
    writeFileSync(join(folder, "residency.yaml"), "two");
    expect(commitFrom({}, folder)).toMatch(/^[0-9a-f]{40}-dirty$/);
  });

  test("is none where there is no folder, and that is no error", () => {
    expect(commitFrom({}, join(folder, "nowhere"))).toBe(null);
  });
});
