import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

/** A receiver's list on which nothing ever stands. The job comes on stdin; it ends when stdin does. */
const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const [line] = (await once(lines, "line")) as [string];
const { port } = JSON.parse(line) as { port: number };
createServer((_request, answer) => answer.end("[]")).listen(port, "127.0.0.1", () =>
  process.stdout.write("serving\n"),
);
