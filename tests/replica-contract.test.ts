import { readdirSync, readFileSync } from "node:fs";
import { describe } from "vitest";
import { driver } from "../environments/replica/driver.ts";
import { driverContract } from "./driver-contract.ts";

/** Processes that run the replica's own scripts. */
function traces(): string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isOurs(pid));
}

function isOurs(pid: string): boolean {
  try {
    return /environments\/replica\/(init|host-process)\.ts/.test(
      readFileSync(`/proc/${pid}/cmdline`, "utf8"),
    );
  } catch {
    return false;
  }
}

describe("the embedded replica keeps the drivers' contract", () => {
  driverContract(driver, { traces, abortAfterMs: 400, startsWithinMs: 30_000 });
});
