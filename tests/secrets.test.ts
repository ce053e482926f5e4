import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keyFolder } from "../attest/keys.ts";
import { drillTools } from "../environments/replica/tools.ts";
import { holdReplica } from "./held-replica.ts";

test("no credential, no key and no raw canary is in anything that a run writes or prints, plain or encoded", async () => {
  await using replica = await holdReplica();
  const { state } = replica;
  const tools = drillTools(state);
  const regions = Object.keys(state.planted);
  const canaries = await Promise.all(
    regions.flatMap((region) => [
      tools
        .sql(region, "orders-db", "SELECT value FROM ringfence.canary")
        .then(([row]) => String(row?.value)),
      tools.redis(region, "session-cache", "GET", "ringfence:canary").then(String),
      tools.store.get(`acme-uploads-${region}`, "ringfence/canary").then(String),
      readFileSync(tools.fileOf(`${region}/data`, "bastion/canary"), "utf8").trim(),
      ...[
        ["search", "/customers/_doc/ringfence-canary"],
        ["embeddings", "/collections/documents/points/ringfence-canary"],
        ["data-plane", `/tenants/canary-${region}/profile`],
      ].map(([system = "", path = ""]) =>
        tools
          .http(region, system, { method: "GET", path })
          .then((body) => /ringfence-canary-[\w-]{43}/.exec(body)?.[0] ?? ""),
      ),
    ]),
  );
  for (const canary of canaries) expect(canary).toMatch(/^ringfence-canary-/);
  const keys = regions.map(
    (region) => readFileSync(join(keyFolder(), "replica", `${region}.key.pem`), "utf8").split("\n")[1] ?? "",
  );
  const secrets = new Set([
    ...Object.values(state.credentials).flatMap((held) => Object.values(held).flatMap(linesOf)),
    ...Object.values(state.systems).flatMap(({ admin }) =>
      [admin.password, admin.secretAccessKey].filter((one) => one !== undefined),
    ),
    ...canaries,
    ...keys,
  ]);
  expect(secrets.size).toBeGreaterThan(40);

  const run = replica.prove();
  expect(run.exitCode).toBe(0);
  const written = readdirSync(run.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  const signed = written
    .flatMap((text) => [...text.matchAll(/"payload": "([^"]+)"/g)])
    .map(([, payload]) => Buffer.from(payload ?? "", "base64").toString("utf8"));
  const everything = [...written, ...signed, run.output].join("\n");
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), ...base64Forms(secret)]) {
      expect(everything.includes(form), `${secret.slice(0, 6)}…`).toBe(false);
    }
  }
});

/** A private key has several lines, and any of them is a secret. */
function linesOf(secret: string): string[] {
  return secret.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
}

/** Base64 of a text inside a longer one, at each of the three alignments, without the letters that its
 *  neighbours would change. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from("x".repeat(shift) + secret)
      .toString("base64")
      .replace(/=+$/, "");
    return encoded.slice(shift === 0 ? 0 : 4, -4);
  });
}
