import { spawnSync } from "node:child_process";
import { describe } from "vitest";
import { driver } from "../../environments/localstack/driver.ts";
import { driverContract } from "../driver-contract.ts";

function traces(): string[] {
  const list = (...argv: string[]) =>
    spawnSync("docker", argv, { encoding: "utf8" })
      .stdout.split("\n")
      .filter((name) => /^ringfence-/.test(name));
  return [
    ...list("ps", "-a", "--format", "{{.Names}}"),
    ...list("network", "ls", "--format", "{{.Name}}"),
    ...list("volume", "ls", "--format", "{{.Name}}"),
  ].sort();
}

describe("the LocalStack replica keeps the drivers' contract", () => {
  driverContract(driver, { traces, abortAfterMs: 6000, startsWithinMs: 150_000 });
});
