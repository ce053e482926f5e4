import { spawnSync } from "node:child_process";
import { freemem } from "node:os";
import type { Need } from "../driver.ts";
import images from "./images.json" with { type: "json" };

const neededBytes = 2 * 1024 ** 3;
/** Before it, an engine isolates IPv6 networks only when told to: release notes of Docker Engine 27.0. */
const isolatesIpv6Since = 27;

/** What the replica on Docker needs of a machine. */
export function localstackNeeds(): Need[] {
  const engine = ask(["version", "--format", "{{.Server.Version}}"]);
  const compose = ask(["compose", "version", "--short"]);
  const basics: Need[] = [
    {
      name: "Docker engine",
      state: engine.ok ? "ok" : "missing",
      found: engine.ok ? engine.said : firstLine(engine.said),
      fix: "install Docker (docs.docker.com/engine/install), start it, and let this user use it: `docker version` must name a server",
    },
    {
      name: "Docker Compose",
      state: compose.ok ? "ok" : "missing",
      found: compose.ok ? compose.said : "`docker compose` is no command",
      fix: "install Compose v2, the package docker-compose-plugin of Docker's repository",
    },
  ];
  const free = freemem();
  const memory: Need = {
    name: "memory",
    state: free > neededBytes ? "ok" : "missing",
    found: `${(free / 1024 ** 3).toFixed(1)} GiB free`,
    fix: "free some: three LocalStacks, databases and caches take about 2 GiB",
  };
  return engine.ok ? [...basics, memory, ...ipv6(engine.said), ...present()] : [...basics, memory];
}

function ipv6(version: string): Need[] {
  if (Number.parseInt(version, 10) >= isolatesIpv6Since) return [];
  const options = ask(["info", "--format", "{{.ExperimentalBuild}}"]);
  return [
    {
      name: "IPv6 between networks",
      state: options.said === "true" ? "ok" : "optional",
      found: `engine ${version} isolates it only with ip6tables switched on`,
      fix: 'upgrade to Docker 27, or set {"experimental": true, "ip6tables": true} in /etc/docker/daemon.json; a run says what is open',
    },
  ];
}

/** An image that is not here is pulled when the replica starts. */
function present(): Need[] {
  return images
    .filter(({ image }) => !ask(["image", "inspect", "--format", "{{.Id}}", image]).ok)
    .map(({ image }) => ({
      name: image,
      state: "optional",
      found: "not here yet; the first run pulls it",
      fix: `check that a registry answers: \`docker pull ${image}\``,
    }));
}

function ask(argv: readonly string[]): { ok: boolean; said: string } {
  const done = spawnSync("docker", argv, { encoding: "utf8", timeout: 15_000 });
  if (done.error) return { ok: false, said: "docker is not installed" };
  return { ok: done.status === 0, said: (done.status === 0 ? done.stdout : done.stderr).trim() };
}

function firstLine(text: string): string {
  return text.split("\n")[0]?.slice(0, 120) ?? "";
}
