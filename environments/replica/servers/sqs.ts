import type { KindServer } from "../servers.ts";
import { serveAws } from "./aws.ts";

export const server: KindServer = {
  async serve(boot, mine, held) {
    await serveAws(boot, mine, held);
  },
};
