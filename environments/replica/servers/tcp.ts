import { join } from "node:path";
import { scriptArguments } from "../../node-script.ts";
import { onHost, said, start } from "../namespace.ts";
import type { KindServer } from "../servers.ts";

export const server: KindServer = {
  async serve(_boot, mine, held) {
    const places = mine.flatMap(({ placement: { address, port } }) => [
      address[4],
      String(port),
      address[6],
      String(port),
    ]);
    const script = scriptArguments(join(import.meta.dirname, "tcp-process.ts"));
    await said(start(onHost(held, [process.execPath, ...script, ...places])), "listening", "the listeners");
  },
};
