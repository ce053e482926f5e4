import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

/** A proxy that grants every tunnel, and carries nothing: it closes when it is greeted, or at once. The job comes
 *  on stdin; it ends when stdin does. */
const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const [line] = (await once(lines, "line")) as [string];
const { port, hearsFirst } = JSON.parse(line) as { port: number; hearsFirst: boolean };

const server = createServer((client) => {
  client.on("error", () => {});
  client.once("data", () => {
    const granted = "HTTP/1.1 200 Connection established\r\n\r\n";
    if (!hearsFirst) return void client.end(granted);
    client.once("data", () => client.end());
    client.write(granted);
  });
});
server.listen(port, "::", () => process.stdout.write("serving\n"));
