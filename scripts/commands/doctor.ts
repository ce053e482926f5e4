import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { findPrivilege, privilegeFix } from "../../environments/replica/support.ts";
import { keyFolder } from "../../reports/keys.ts";
import { parseOptions, takeNothing } from "../options.ts";
import { bold, green, red, table, yellow } from "../terminal.ts";

export const help = `ringfence doctor: what this machine can and cannot do, and the fix

Exit: 0 everything needed is there, 1 something is missing.`;

interface Check {
  name: string;
  state: "ok" | "missing" | "optional";
  found: string;
  fix?: string;
}

export async function main(args: readonly string[]): Promise<number> {
  takeNothing("doctor", parseOptions("doctor", args, {}));
  const checks = [node(), system(), ...tools(), namespaces(), memory(), keys(), ...conveniences()];
  const marks = { ok: "✓", missing: "✕", optional: "–" } as const;
  const paints = { ok: green, missing: red, optional: yellow } as const;
  const rows = checks.map((check) => [marks[check.state], check.name, check.found]);
  process.stdout.write(
    `${table(rows, (cell, column, row) => (column === 0 ? paints[checks[row]?.state ?? "ok"](cell) : cell))}\n`,
  );
  for (const check of checks.filter(({ state, fix }) => state !== "ok" && fix)) {
    process.stdout.write(`\n${bold(check.name)}  ${check.fix}\n`);
  }
  const missing = checks.filter(({ state }) => state === "missing").length;
  process.stdout.write(
    `\n${missing === 0 ? green("this machine can run the replica") : red(`${missing} things are missing`)}\n`,
  );
  return missing === 0 ? 0 : 1;
}

function node(): Check {
  const ok = Number(process.versions.node.split(".")[0]) >= 24;
  return {
    name: "Node",
    state: ok ? "ok" : "missing",
    found: process.version,
    fix: "run through `npm run -s ringfence -- …`, which uses the pinned Node 24",
  };
}

function system(): Check {
  const ok = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
  return {
    name: "system",
    state: ok ? "ok" : "missing",
    found: `${process.platform} ${process.arch}`,
    fix: "the replica is made of Linux namespaces: use Linux on x64 or arm64, or a virtual machine",
  };
}

const packages = {
  unshare: "util-linux",
  nsenter: "util-linux",
  ip: "iproute2",
  nft: "nftables",
  "redis-server": "redis-server",
  sysctl: "procps",
  mount: "mount",
};

function tools(): Check[] {
  return Object.entries(packages).map(([name, from]) => {
    const found = locate(name);
    return {
      name,
      state: found ? "ok" : "missing",
      found: found ?? "not found",
      fix: `install it: \`apt-get install ${from}\`, or your system's package of that name; \`npm start\` does it`,
    };
  });
}

function conveniences(): Check[] {
  return ["psql", "redis-cli", "curl"].map((name) => {
    const found = locate(name);
    return {
      name,
      state: found ? "ok" : "optional",
      found: found ?? "not found; handy in `ringfence shell`",
    };
  });
}

function namespaces(): Check {
  const privilege = findPrivilege();
  const found = privilege === null ? "not allowed" : privilege.length === 0 ? "as this user" : "through sudo";
  return { name: "namespaces", state: privilege ? "ok" : "missing", found, fix: privilegeFix };
}

const neededBytes = 1024 ** 3;

function memory(): Check {
  const gibibytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  const ok = freemem() > neededBytes;
  return {
    name: "memory",
    state: ok ? "ok" : "missing",
    found: `${gibibytes(freemem())} free of ${gibibytes(totalmem())}`,
    fix: "free some: three regions take about 1 GiB",
  };
}

function keys(): Check {
  const folder = keyFolder();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    return { name: "signing keys", state: "ok", found: folder };
  } catch {
    return {
      name: "signing keys",
      state: "missing",
      found: `${folder} cannot be written`,
      fix: "set RINGFENCE_KEYS to a private folder of yours",
    };
  }
}

function locate(name: string): string | null {
  const found = spawnSync("sh", ["-c", 'PATH="$PATH:/usr/sbin:/sbin"; command -v "$0"', name], {
    encoding: "utf8",
  });
  return found.status === 0 ? found.stdout.trim() : null;
}
