import { readdirSync, readFileSync } from "node:fs";

/** Pids as seen from outside for pids inside a pid namespace, found below the process that made it.
 *  Source: `NSpid` in proc_pid_status(5), outermost first. */
export function outerPids(ancestor: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const pid of descendants(ancestor)) {
    const numbers =
      /^NSpid:\s+(.*)$/m
        .exec(read(`/proc/${pid}/status`))?.[1]
        ?.split(/\s+/)
        .map(Number) ?? [];
    const inner = numbers.at(-1);
    if (numbers.length >= 2 && inner !== undefined && !found.has(inner)) found.set(inner, pid);
  }
  return found;
}

function descendants(ancestor: number): number[] {
  const parents = new Map<number, number[]>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const parent = Number(/^PPid:\s+(\d+)$/m.exec(read(`/proc/${entry}/status`))?.[1] ?? -1);
    parents.set(parent, [...(parents.get(parent) ?? []), Number(entry)]);
  }
  const found: number[] = [];
  const queue = [ancestor];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    const children = parents.get(pid) ?? [];
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
