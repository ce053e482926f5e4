import { createServer } from "node:net";

/** Stands for any system that Ringfence has no client for: accepts connections and says nothing.
 *  argv: ADDRESS PORT pairs. */
const places = process.argv.slice(2);
let open = 0;
for (let index = 0; index < places.length; index += 2) {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  server.listen({ host: places[index], port: Number(places[index + 1]) }, () => {
    open++;
    if (open * 2 === places.length) process.stdout.write("listening\n");
  });
}
