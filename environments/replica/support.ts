import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { RingfenceError } from "../../core/errors.ts";

/** How namespaces can be made here: directly, or by sudo without a password. */
export type Privilege = readonly string[];

export const unshareFlags = [
  "--user",
  "--map-root-user",
  "--mount",
  "--pid",
  "--fork",
  "--kill-child",
  "--net",
  "--ipc",
  "--uts",
  "--mount-proc",
];

/** The first way that works; null where none does. sudo has to keep the environment: the region's
 *  credentials are in it. Each is really tried: a kernel may let the
 *  namespaces be made and still grant no rights in them (AppArmor on Ubuntu 24.04). */
export function findPrivilege(): Privilege | null {
  const proof = "mount -t tmpfs none /dev/shm && ip link set lo up && unshare --user --map-user=1000 true";
  return (
    [[], ["sudo", "-n", "--preserve-env"]].find((prefix) => {
      const [file = "", ...rest] = [...prefix, "unshare", ...unshareFlags, "--", "sh", "-c", proof];
      return (
        spawnSync(file, rest, {
          stdio: "ignore",
          timeout: 10_000,
          env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
        }).status === 0
      );
    }) ?? null
  );
}

export function requirePrivilege(): Privilege {
  const found = findPrivilege();
  if (found) return found;
  throw new RingfenceError(
    "REPLICA_UNSUPPORTED",
    "this machine lets nobody make user namespaces, and sudo wants a password",
    { fix: privilegeFix },
  );
}

export const privilegeFix = [
  "as root, allow them: `sysctl -w user.max_user_namespaces=10000`;",
  "on Debian also `sysctl -w kernel.unprivileged_userns_clone=1`;",
  "on Ubuntu 24.04 or later `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`;",
  "in a container, start it with `--privileged` or `--security-opt seccomp=unconfined --cap-add SYS_ADMIN`",
].join(" ");

/** An empty-handed folder that every Linux has, to be covered inside the replica; never one that holds
 *  something the replica needs to see. */
export function pickWorkFolder(needed: readonly string[]): string {
  const free = ["/srv", "/media", "/mnt", "/opt"].find(
    (folder) => exists(folder) && !needed.some((path) => path === folder || path.startsWith(`${folder}/`)),
  );
  if (free) return free;
  throw new RingfenceError(
    "REPLICA_UNSUPPORTED",
    "the replica found none of /srv, /media, /mnt, /opt free to cover",
    { fix: "as root: `mkdir /srv`" },
  );
}

function exists(folder: string): boolean {
  try {
    readdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
