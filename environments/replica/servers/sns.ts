import type { KindServer } from "../servers.ts";
import { serveAws } from "./aws.ts";

export const server: KindServer = {
  serve: (boot, _mine, held) => serveAws(boot, held),
};
