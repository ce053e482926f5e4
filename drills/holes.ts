import { readFile, writeFile } from "node:fs/promises";
import type { AwsService, DrillTools, Hole, PolicyText } from "../core/drill.ts";
import type { AddressFamily } from "../core/vocabulary.ts";

export const eu = "eu-central-1";
export const us = "us-east-1";
export const ap = "ap-southeast-2";

/** Private blocks of the sample map's regions. */
export const blocks: Record<string, Record<AddressFamily, string>> = {
  [eu]: { 4: "10.10.0.0/16", 6: "fd10:10::/48" },
  [us]: { 4: "10.20.0.0/16", 6: "fd10:20::/48" },
  [ap]: { 4: "10.30.0.0/16", 6: "fd10:30::/48" },
};

/** One rule in the border's forward chain; the rule's handle is how it is found again. */
export async function admit(tools: DrillTools, hole: Hole, rule: string): Promise<void> {
  await addRule(tools, hole, { host: "core", chain: "inet ringfence forward", rule });
}

export async function addRule(
  tools: DrillTools,
  hole: Hole,
  { host, chain, rule }: { host: string; chain: string; rule: string },
): Promise<void> {
  let handle = "";
  hole.closeBy(async () => {
    if (handle) await tools.command(host, ["nft", "delete", "rule", ...chain.split(" "), "handle", handle]);
  });
  const echoed = await tools.command(host, [
    "nft",
    "-a",
    "-e",
    "insert",
    "rule",
    ...chain.split(" "),
    ...rule.split(" "),
  ]);
  handle = /# handle (\d+)/.exec(echoed)?.[1] ?? "";
}

/** Changes what an AWS service keeps of one region, and puts it back as it was. */
export async function changeService<State>(
  tools: DrillTools,
  hole: Hole,
  { service, region }: { service: AwsService; region: string },
  change: (state: State) => unknown,
): Promise<void> {
  const before = await tools.service.read(service, region);
  hole.closeBy(() => tools.service.write(service, region, before));
  await tools.service.write(service, region, change(structuredClone(before) as State));
}

/** A policy as AWS writes it down. */
export function document(Statement: object[]): PolicyText & { Version: string; Statement: object[] } {
  return { Version: "2012-10-17", Statement };
}

/** From one region's block to another's, one address family. */
export function between(from: string, to: string, family: AddressFamily): string {
  const ip = family === 4 ? "ip" : "ip6";
  return `${ip} saddr ${blocks[from]?.[family]} ${ip} daddr ${blocks[to]?.[family]}`;
}

/** A table of its own on a host, for address translation, gone with the hole. */
export async function translate(
  tools: DrillTools,
  hole: Hole,
  host: string,
  rules: { prerouting?: string[]; postrouting?: string[]; output?: string[] },
): Promise<void> {
  const name = `drill${Math.random().toString(36).slice(2, 8)}`;
  const chain = (hook: string, priority: string, lines: readonly string[] = []) =>
    lines.length === 0
      ? []
      : [`chain ${hook} {`, `type nat hook ${hook} priority ${priority}`, ...lines, "}"];
  const table = [
    `table inet ${name} {`,
    ...chain("prerouting", "dstnat", rules.prerouting),
    ...chain("output", "-100", rules.output),
    ...chain("postrouting", "srcnat", rules.postrouting),
    "}",
  ];
  hole.closeBy(() => tools.command(host, ["nft", `add table inet ${name}; delete table inet ${name}`]));
  await tools.command(host, ["nft", "-f", "-"], table.join("\n"));
}

/** Changes what a service of documents answers at a path, and puts it back as it was. */
export async function changePage(
  tools: DrillTools,
  hole: Hole,
  { region, system, path }: { region: string; system: string; path: string },
  change: (page: Record<string, unknown>) => unknown,
): Promise<void> {
  const before = JSON.parse(await tools.http(region, system, { method: "GET", path })) as Record<
    string,
    unknown
  >;
  const put = (body: unknown) => tools.http(region, system, { method: "PUT", path, body });
  hole.closeBy(() => put(before));
  await put(change(before));
}

/** One region's document, under another name, in another region's service of the same kind. */
export async function copyDocument(
  tools: DrillTools,
  hole: Hole,
  { system, path, from, into }: { system: string; path: string; from: string; into: string },
): Promise<void> {
  const copy = path.replace(/[^/]+$/, "a-copy");
  const body: unknown = JSON.parse(await tools.http(from, system, { method: "GET", path }));
  hole.closeBy(() => tools.http(into, system, { method: "DELETE", path: copy }));
  await tools.http(into, system, { method: "PUT", path: copy, body });
}

/** Changes a file that the replica reads, and puts it back as it was. */
export async function editFile(hole: Hole, file: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(file, "utf8");
  hole.closeBy(() => writeFile(file, before));
  await writeFile(file, change(before));
}

/** A region's resolver answers for a name with other addresses. */
export async function pointName(
  tools: DrillTools,
  hole: Hole,
  region: string,
  name: string,
  addresses: Record<AddressFamily, string>,
): Promise<void> {
  await editFile(hole, tools.namesOf(region), (text) =>
    text
      .split("\n")
      .map((line) =>
        line.split(/\s+/)[1] === name
          ? `${addresses[line.includes(":") && !/^\d+\./.test(line) ? 6 : 4]} ${name}`
          : line,
      )
      .join("\n"),
  );
}

/** The addresses of a public name, as a region's resolver knows them. */
async function addressesOf(
  tools: DrillTools,
  region: string,
  name: string,
): Promise<Record<AddressFamily, string>> {
  const lines = (await readFile(tools.namesOf(region), "utf8")).split("\n").map((line) => line.split(/\s+/));
  const [four = "", six = ""] = lines.flatMap(([address = "", ...names]) =>
    names.includes(name) ? [address] : [],
  );
  if (!four || !six) throw new Error(`${name} has no address in ${region}`);
  return { 4: four, 6: six };
}

/** An entry in a region's allow-list at the border. */
export async function allow(
  tools: DrillTools,
  hole: Hole,
  { region, host, family }: { region: string; host: string; family: AddressFamily },
): Promise<void> {
  const address = (await addressesOf(tools, region, host))[family];
  const element = `inet ringfence allowed_${region.replaceAll("-", "_")}_${family} { ${address} . 443 }`;
  hole.closeBy(() => tools.command("core", ["nft", `delete element ${element}`]));
  await tools.command("core", ["nft", `add element ${element}`]);
}

/** A line in the list of what a region's proxy carries to. */
export async function carry(tools: DrillTools, hole: Hole, region: string, line: string): Promise<void> {
  await editFile(hole, tools.fileOf(`${region}/data`, "proxy-allows"), (text) => `${text}${line}\n`);
}

/** The same, of a vendor's host by its address, which gets past a list of names. */
export async function carryAddress(
  tools: DrillTools,
  hole: Hole,
  { region, host, family }: { region: string; host: string; family: AddressFamily },
): Promise<void> {
  await carry(tools, hole, region, (await addressesOf(tools, region, host))[family]);
}

/** How a region's proxy holds the name inside TLS against the one it was asked for: `fixtures/egress-proxy` has the
 *  rules. Of what is left out it stays careful. */
export async function holdNames(
  tools: DrillTools,
  hole: Hole,
  region: string,
  rules: Partial<Record<AddressFamily, string>>,
): Promise<void> {
  const lines = ([4, 6] as const).map((family) => `${family} ${rules[family] ?? "exact"}\n`);
  await editFile(hole, tools.fileOf(`${region}/data`, "proxy-greetings"), () => lines.join(""));
}

/** Lines put before the server's own in pg_hba.conf, and read at once. */
export async function admitLogins(
  tools: DrillTools,
  hole: Hole,
  { region, system }: { region: string; system: string },
  lines: string,
): Promise<void> {
  hole.closeBy(() => tools.sql(region, system, "SELECT pg_reload_conf()"));
  await editFile(
    hole,
    tools.fileOf(`${region}/data`, `${system}/pg_hba.conf`),
    (text) => `${lines}\n${text}`,
  );
  await tools.sql(region, system, "SELECT pg_reload_conf()");
}

export async function createDatabase(
  tools: DrillTools,
  hole: Hole,
  { region, system, name }: { region: string; system: string; name: string },
): Promise<void> {
  hole.closeBy(() => tools.sql(region, system, `DROP DATABASE ${name} WITH (FORCE)`));
  await tools.sql(region, system, `CREATE DATABASE ${name}`);
}

export async function eventuallyTrue(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(otherwise);
}
