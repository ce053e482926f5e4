import { accessSync, constants } from "node:fs";
import { keyFolder } from "../../attest/keys.ts";
import type { Need } from "../../environments/driver.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { environmentNames, loadDriver } from "../environments.ts";
import { parseOptions, takeNothing } from "../options.ts";
import { bold, dim, green, red, table, yellow } from "../terminal.ts";

export const help = `ringfence doctor: what this machine can and cannot do, and the fix

  --env NAME      only what this environment needs (default: all; the embedded replica's count); of the YAML file
                  of your runners: whether each answers, and has this code

Exit: 0 everything needed is there, 1 something is missing.`;

const embedded = "replica";

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("doctor", args, { env: { type: "string" } });
  takeNothing("doctor", options);
  const asked = options.text("env");
  const drivers = await Promise.all((asked ? [asked] : environmentNames()).map(loadDriver));
  const common = [node(), keys()];
  print("this machine", common);
  let missing = missingIn(common);
  for (const driver of drivers) {
    const needs = await driver.needs();
    print(driver.name, needs);
    const lacks = missingIn(needs);
    const verdict = lacks === 0 ? green("can run here") : red(`cannot run here: ${lacks} missing`);
    process.stdout.write(`\n${bold(driver.name)}  ${verdict}\n`);
    if (asked || driver.name === embedded) missing += lacks;
  }
  return missing === 0 ? 0 : 1;
}

function missingIn(needs: readonly Need[]): number {
  return needs.filter(({ state }) => state === "missing").length;
}

function print(title: string, needs: readonly Need[]): void {
  const marks = { ok: "✓", missing: "✕", optional: "–" } as const;
  const paints = { ok: green, missing: red, optional: yellow } as const;
  const rows = needs.map((need) => [marks[need.state], need.name, need.found]);
  const painted = table(rows, (cell, column, row) =>
    column === 0 ? paints[needs[row]?.state ?? "ok"](cell) : cell,
  );
  process.stdout.write(`\n${dim(title)}\n${painted}\n`);
  for (const need of needs.filter(({ state, fix }) => state !== "ok" && fix))
    process.stdout.write(`\n${bold(need.name)}  ${need.fix}\n`);
}

function node(): Need {
  const ok = Number(process.versions.node.split(".")[0]) >= 24;
  return {
    name: "Node",
    state: ok ? "ok" : "missing",
    found: process.version,
    fix: "run through `npm run -s ringfence -- …`, which uses the pinned Node 24",
  };
}

function keys(): Need {
  const folder = keyFolder();
  try {
    makeFolder(folder, 0o700);
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
