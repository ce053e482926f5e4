import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { admits } from "../../fixtures/egress-proxy/greeting-rules.ts";

/** Stands before a server, and turns away whoever greets it in TLS by another name than its own, or by none. The
 *  job comes on stdin; it ends when stdin does. */
const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const [line] = (await once(lines, "line")) as [string];
const { port, name, behind } = JSON.parse(line) as { port: number; name: string; behind: number };

const server = createServer((client) => {
  let said = Buffer.alloc(0);
  client.on("error", () => {});
  client.on("data", function look(chunk: Buffer) {
    said = Buffer.concat([said, chunk]);
    const admitted = admits("exact", name, said);
    if (admitted === null) return;
    client.off("data", look);
    if (!admitted) return void client.destroy();
    const onward = connect(behind, "127.0.0.1");
    onward.on("error", () => client.destroy());
    onward.write(said);
    client.pipe(onward).pipe(client);
  });
});
server.listen(port, "::", () => process.stdout.write("serving\n"));
