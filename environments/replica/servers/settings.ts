import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { credentialOf, type Provision } from "../provision.ts";
import type { KindServer } from "../servers.ts";

/** What a workload of the sample company is configured by, on its own host: the region's own systems, with
 *  the passwords that work, and the vendors' sites of its jurisdiction. */
export const server: KindServer = {
  async serve({ provisions }, mine, held) {
    for (const one of mine) {
      const { region, endpoint } = one.placement;
      const beside = provisions.filter(({ placement }) => placement.region === region);
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
          : lines({ ...marker, ...variables(region, beside), ...vendorSites(beside) });
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

/** Where the SDKs of the region's vendors are sent; a vendor that it has not is not set. */
function vendorSites(beside: readonly Provision[]): Record<string, string> {
  const hostAt = (vendor: string) => {
    const found = beside.find(({ placement }) => placement.endpoint.vendor === vendor);
    return found && String(found.placement.endpoint.host);
  };
  const [datadog, openai, sentry] = ["datadog", "openai", "sentry"].map(hostAt);
  return {
    ...(datadog ? { DD_SITE: datadog } : {}),
    ...(openai ? { OPENAI_BASE_URL: `https://${openai}/v1` } : {}),
    ...(sentry ? { SENTRY_DSN: `https://publickey@${sentry}/4711` } : {}),
  };
}
