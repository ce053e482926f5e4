import { spawnSync } from "node:child_process";
import { freemem, totalmem } from "node:os";
import type { Need } from "../driver.ts";
import { findPrivilege, privilegeFix } from "./support.ts";

/** What the embedded replica needs of a machine. */
export function replicaNeeds(): Need[] {
  return [system(), ...tools(), namespaces(), memory(), ...conveniences()];
}

function system(): Need {
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

function tools(): Need[] {
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

function conveniences(): Need[] {
  return ["psql", "redis-cli", "curl"].map((name) => {
    const found = locate(name);
    return {
      name,
      state: found ? "ok" : "optional",
      found: found ?? "not found; handy in `ringfence shell`",
    };
  });
}

function namespaces(): Need {
  const privilege = findPrivilege();
  const found = privilege === null ? "not allowed" : privilege.length === 0 ? "as this user" : "through sudo";
  return { name: "namespaces", state: privilege ? "ok" : "missing", found, fix: privilegeFix };
}

const neededBytes = 1024 ** 3;

function memory(): Need {
  const gibibytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  const ok = freemem() > neededBytes;
  return {
    name: "memory",
    state: ok ? "ok" : "missing",
    found: `${gibibytes(freemem())} free of ${gibibytes(totalmem())}`,
    fix: "free some: three regions take about 1 GiB",
  };
}

function locate(name: string): string | null {
  const found = spawnSync("sh", ["-c", 'PATH="$PATH:/usr/sbin:/sbin"; command -v "$0"', name], {
    encoding: "utf8",
  });
  return found.status === 0 ? found.stdout.trim() : null;
}
