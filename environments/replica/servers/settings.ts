import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { credentialOf, type Provision } from "../provision.ts";
import type { KindServer } from "../servers.ts";

/** What a workload of the sample company is configured by, on its own host: the region's own systems, with
 *  the passwords that work, and the vendors' sites of its jurisdiction. */
export const server: KindServer = {
  async serve({ job, provisions }, mine, held) {
    for (const one of mine) {
      const { region, endpoint } = one.placement;
      const beside = provisions.filter(({ placement }) => placement.region === region);
      const jurisdiction = job.map.regions[region]?.jurisdiction ?? "";
      for (const file of endpoint.files as string[]) {
        const path = join(held.folder, file.replace(/^~\//, ""));
        await mkdir(dirname(path), { recursive: true });
        const marker = { [String(endpoint.marker)]: one.canary };
        const text = /\.ya?ml$/.test(file)
          ? stringify({
              ...marker,
              storage: storage(beside),
              telemetry: { exporter: "http://localhost:4318" },
            })
          : lines({ ...marker, ...variables(region, beside), ...vendorSites[jurisdiction] });
        await writeFile(path, text);
      }
    }
  },
};

function lines(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function variables(region: string, beside: readonly Provision[]): Record<string, string> {
  return {
    AWS_REGION: region,
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318",
    ...Object.fromEntries(
      beside.flatMap((one) => {
        const url = urlOf(one);
        const name = one.placement.system.id.toUpperCase().replaceAll("-", "_");
        return url ? [[`${name}_URL`, url]] : [];
      }),
    ),
  };
}

/** A connection string, for what is logged in to. */
function urlOf(one: Provision): string | null {
  const { system, endpoint, port } = one.placement;
  const { user, password } = credentialOf(one, "own");
  if (!user || !password || !endpoint.host || port === 0) return null;
  const database = endpoint.database ? `/${String(endpoint.database)}` : "";
  return `${system.kind}://${user}:${password}@${String(endpoint.host)}:${port}${database}`;
}

function storage(beside: readonly Provision[]): Record<string, { endpoint: string; bucket: string }> {
  return Object.fromEntries(
    beside.flatMap(({ placement: { system, endpoint } }) =>
      endpoint.bucket
        ? [
            [
              system.id,
              {
                endpoint: `https://${String(endpoint.host)}`,
                bucket: `arn:aws:s3:::${String(endpoint.bucket)}`,
              },
            ],
          ]
        : [],
    ),
  );
}

/** What a careful company sets where it has customers; elsewhere the SDKs' defaults would apply. */
const vendorSites: Record<string, Record<string, string>> = {
  EU: {
    DD_SITE: "datadoghq.eu",
    OPENAI_BASE_URL: "https://eu.api.openai.com/v1",
    SENTRY_DSN: "https://publickey@o111122.ingest.de.sentry.io/4711",
  },
  US: {
    DD_SITE: "datadoghq.com",
    OPENAI_BASE_URL: "https://us.api.openai.com/v1",
    SENTRY_DSN: "https://publickey@o111122.ingest.us.sentry.io/4711",
  },
  AU: { DD_SITE: "ap2.datadoghq.com", OPENAI_BASE_URL: "https://au.api.openai.com/v1" },
};
