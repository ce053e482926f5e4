import { bucketOf } from "../buckets.ts";
import type { KindServer } from "../servers.ts";
import { serveAws } from "./aws.ts";

export const server: KindServer = {
  async serve(boot, mine, held) {
    await serveAws(boot, mine, held);
  },
  admin(one) {
    const { endpoint, port } = one.placement;
    return {
      accessKeyId: one.admin.accessKeyId,
      secretAccessKey: one.admin.password,
      region: String(endpoint.region),
      bucket: bucketOf(one),
      endpoint: `${endpoint.tls === false ? "http" : "https"}://${String(endpoint.host)}${port === 443 ? "" : `:${port}`}`,
    };
  },
};
