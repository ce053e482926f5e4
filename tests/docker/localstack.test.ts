import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import images from "../../environments/localstack/images.json" with { type: "json" };
import { commandLine, projectRoot } from "../../environments/node-script.ts";
import { openLines, proveInto, type Run, ringfence } from "../held-replica.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-docker-"));
const stateFile = join(folder, "state.json");
const [eu, us] = ["eu-central-1", "us-east-1"];
let up: ChildProcess;
let runs = 0;

interface State {
  project: string;
  containers: Record<string, { name: string; addresses: string[]; environment: Record<string, string> }>;
}
let state: State;
/** Of the whole map, before anything was touched. */
let whole: Run;

beforeAll(async () => {
  up = spawn(process.execPath, [commandLine, "up", "--env", "localstack", "--state", stateFile], {
    cwd: projectRoot,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [up.stdout, up.stderr]) stream?.on("data", (chunk) => (output += String(chunk)));
  while (!existsSync(stateFile)) {
    if (up.exitCode !== null) throw new Error(`up ended: ${output}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  state = JSON.parse(readFileSync(stateFile, "utf8")) as State;
  whole = prove();
}, 240_000);

afterAll(async () => {
  if (up.exitCode === null) {
    up.kill("SIGTERM");
    await once(up, "close");
  }
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function docker(...argv: string[]): string {
  const done = spawnSync("docker", argv, { encoding: "utf8", timeout: 60_000 });
  if (done.status !== 0) throw new Error(`docker ${argv.join(" ")}: ${done.stderr}`);
  return done.stdout.trim();
}

const container = (name: string) => state.containers[name]?.name ?? "";
const prove = (...args: string[]) =>
  proveInto(join(folder, `run-${runs++}`), ["--env", "localstack", "--attach", stateFile, ...args]);

describe("three regions on one engine", () => {
  test("pass, and their evidence verifies; the same map gives the same verdicts in the embedded replica", () => {
    expect({ exitCode: whole.exitCode, open: openLines(whole.verdicts) }).toEqual({ exitCode: 0, open: [] });
    const trust = join(whole.directory, "keys", "trust.yaml");
    expect(ringfence(["verify", whole.directory, "--trust", trust]).exitCode).toBe(0);

    const map = join(projectRoot, "environments", "localstack", "residency.yaml");
    const replica = proveInto(join(folder, "replica"), ["--map", map]);
    const grades = (run: typeof replica) =>
      Object.fromEntries(run.verdicts.map(({ id, grade }) => [id, grade]));
    expect(grades(whole)).toEqual(grades(replica));
    expect(Object.keys(grades(replica)).length).toBeGreaterThan(300);
  });

  test("what only a policy could refuse is not claimed, on every page, and what a green does not say is", () => {
    for (const page of ["report.html", "report.md"]) {
      const text = readFileSync(join(whole.directory, eu, page), "utf8");
      expect(text).toContain("Not claimed here");
      expect(text).toMatch(/s3-?copy|s3\\-copy/);
      expect(text).toContain("evaluates no IAM");
    }
  });

  test("`docker network connect` of the EU's database to the US network turns exactly those lines red", () => {
    const network = docker(
      "inspect",
      "--format",
      "{{range .NetworkSettings.Networks}}{{.NetworkID}}{{end}}",
      container(`${us}/runner`),
    );
    docker("network", "connect", network, container(`${eu}/orders-db`));
    try {
      const { exitCode, verdicts } = prove("--path", "database");
      expect(exitCode).toBe(1);
      const red = verdicts.filter(({ grade }) => grade === "breached");
      expect(red.length).toBe(8);
      for (const { from, to, vector } of red)
        expect([from.region, to.region, to.system, vector.startsWith("by address")]).toEqual([
          us,
          eu,
          "orders-db",
          true,
        ]);
    } finally {
      docker("network", "disconnect", network, container(`${eu}/orders-db`));
    }
  });

  test("a stopped database is no pass: exit 2", () => {
    docker("stop", "-t", "1", container(`${us}/orders-db`));
    try {
      expect(prove("--path", "database").exitCode).toBe(2);
    } finally {
      docker("start", container(`${us}/orders-db`));
    }
  });

  test("--attach finds the one that is up by itself, and says so when there is none of that name", () => {
    expect(
      ringfence([
        "run",
        "--env",
        "localstack",
        "--out",
        join(folder, "by-itself"),
        "--path",
        "cache",
        "--attach",
      ]).exitCode,
    ).toBe(0);
    const { exitCode, output } = ringfence([
      "run",
      "--env",
      "localstack",
      "--attach",
      "nobody",
      "--out",
      join(folder, "nobody"),
    ]);
    expect(exitCode).toBe(70);
    expect(output).toMatch(/the project nobody has no runner/);
  });

  test("no password of the run is in what it wrote", () => {
    const secrets = Object.values(state.containers).flatMap(({ environment }) =>
      Object.entries(environment)
        .filter(([name]) => /PASSWORD$/.test(name))
        .map(([, value]) => value),
    );
    expect(secrets.length).toBeGreaterThan(20);
    const { directory, output } = whole;
    const written = [
      output,
      ...[eu, us].flatMap((region) =>
        ["report.json", "report.html", "observations.jsonl", "evidence.sigstore.json"].map((file) =>
          readFileSync(join(directory, region, file), "utf8"),
        ),
      ),
    ].join("\n");
    for (const secret of new Set(secrets)) expect(written).not.toContain(secret);
  });
});

describe("the runner", () => {
  test("is nobody special: no root, no capability, nothing to write to, no shell", () => {
    const name = container(`${eu}/runner`);
    const [inspected] = JSON.parse(docker("inspect", name)) as [
      {
        Config: { User: string; Healthcheck?: unknown; Labels: Record<string, string> };
        HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[] };
      },
    ];
    expect(inspected.Config.User).toBe("65532:65532");
    expect(inspected.Config.Healthcheck).toBeDefined();
    expect(inspected.Config.Labels["org.opencontainers.image.licenses"]).toBe("Apache-2.0");
    expect(inspected.HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"] });
    for (const shell of ["sh", "/bin/sh", "bash", "npm", "apt-get"])
      expect(spawnSync("docker", ["exec", name, shell, "-c", "true"]).status).not.toBe(0);
    const write = "require('node:fs').writeFileSync('/ringfence/x', '')";
    expect(spawnSync("docker", ["exec", name, "node", "-e", write]).status).not.toBe(0);
  });

  test("holds its own secrets and the others' canary credentials, and no other secret", () => {
    const mine = state.containers[`${us}/runner`]?.environment ?? {};
    const foreign = Object.keys(mine).filter(
      (name) => name.startsWith("EU_CENTRAL_1_") && !name.includes("_CANARY_"),
    );
    expect(foreign).toEqual([]);
    expect(mine.RINGFENCE_ADMIN_PASSWORD).toBeUndefined();
  });
});

describe("docker-compose.localstack.yml", () => {
  const compose = parse(readFileSync(join(projectRoot, "docker-compose.localstack.yml"), "utf8"), {
    merge: true,
  }) as {
    services: Record<string, { image: string; ports?: unknown; privileged?: unknown }>;
    networks: Record<string, { internal?: boolean }>;
  };

  test("uses the images that are pinned in one place, and no other", () => {
    const pinned = images.map(({ image }) => image);
    const used = Object.values(compose.services).map(({ image }) =>
      image.replace(/\$\{[A-Z_]+:-([^}]+)\}/, "$1"),
    );
    expect(used.filter((image) => image !== "ringfence/runner:local" && !pinned.includes(image))).toEqual([]);
    const from = [
      ...readFileSync(join(projectRoot, "environments", "localstack", "Dockerfile"), "utf8").matchAll(
        /^FROM (\S+)/gm,
      ),
    ];
    expect(from.map(([, image]) => image).filter((image) => !pinned.includes(image ?? ""))).toEqual([]);
  });

  test("publishes nothing, and every network is internal", () => {
    expect(Object.values(compose.services).filter(({ ports, privileged }) => ports || privileged)).toEqual(
      [],
    );
    expect(Object.values(compose.networks).every(({ internal }) => internal === true)).toBe(true);
  });
});
