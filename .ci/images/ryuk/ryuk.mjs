// Ryuk's protocol: a client sends lines of filters, label=a=b&label=c=d, each answered with ACK, and stays connected for
// as long as it lives. When the last one has gone, everything that matches one of the lines is removed.
import http from "node:http";
import net from "node:net";

const duration = (text) =>
  [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, n, unit]) => sum + n * { ms: 1, s: 1e3, m: 6e4, h: 36e5 }[unit],
    0,
  );
const { RYUK_PORT = 8080, RYUK_CONNECTION_TIMEOUT = "60s", RYUK_RECONNECTION_TIMEOUT = "10s" } = process.env;
const log = (...words) => console.log(new Date().toISOString(), ...words);

/** The Docker API, in whichever version the engine speaks. */
const docker = (method, path) =>
  new Promise((resolve, reject) => {
    const request = http.request(
      { socketPath: "/var/run/docker.sock", method, path, timeout: 20_000 },
      async (response) => {
        const text = (await response.toArray()).join("");
        if (response.statusCode < 300) resolve(text ? JSON.parse(text) : undefined);
        else reject(new Error(`${response.statusCode} ${text.trim()}`));
      },
    );
    request
      .on("timeout", () => request.destroy(new Error("no answer")))
      .on("error", reject)
      .end();
  });

/** What is removed, in this order: a network or a volume in use cannot be. */
const kinds = [
  // No reaper, though it carries the label of the session that started it: this one has to finish first.
  [
    "/containers",
    "/json?all=1&",
    "Id",
    "?force=1&v=1",
    (found) => found.Labels["org.testcontainers.ryuk"] !== "true",
  ],
  ["/networks", "?", "Id", ""],
  ["/volumes", "?", "Name", "?force=1"],
  ["/images", "/json?", "Id", ""],
];

const lines = new Set();

async function removeMatching() {
  let found = 0;
  for (const [path, query, key, options, may = () => true] of kinds) {
    for (const line of lines) {
      const filters = {};
      for (const [name, value] of new URLSearchParams(line))
        filters[name] = [...(filters[name] ?? []), value];
      try {
        const list = await docker(
          "GET",
          `${path}${query}filters=${encodeURIComponent(JSON.stringify(filters))}`,
        );
        for (const each of (Array.isArray(list) ? list : (list.Volumes ?? [])).filter(may)) {
          found++;
          await docker("DELETE", `${path}/${encodeURIComponent(each[key])}${options}`).then(
            () => log("removed", path.slice(1, -1), each[key]),
            (error) => log("not removed", path.slice(1, -1), each[key], error.message),
          );
        }
      } catch (error) {
        found++;
        log("no list of", path.slice(1), error.message);
      }
    }
  }
  return found;
}

async function reap() {
  server.close();
  // What a dying client had asked for may still appear: done when three looks in a row find nothing.
  for (let look = 0, quiet = 0; look < 30 && quiet < 3; look++) {
    quiet = (await removeMatching()) ? 0 : quiet + 1;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  log("done");
  process.exit();
}

let clients = 0;
let timer = setTimeout(reap, duration(RYUK_CONNECTION_TIMEOUT));

const server = net.createServer((socket) => {
  clearTimeout(timer);
  log("client connected", ++clients);
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (data) => {
    const complete = (rest + data).split(/\r?\n/);
    rest = complete.pop();
    for (const line of complete.filter(Boolean)) {
      log("adding filter", line);
      lines.add(line);
      socket.write("ACK\n");
    }
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    log("client disconnected", --clients);
    if (clients === 0) timer = setTimeout(reap, duration(RYUK_RECONNECTION_TIMEOUT));
  });
});
server.listen(Number(RYUK_PORT), () => log("Started!"));

// Told to stop: with nobody connected that means now, and what somebody still uses is not taken away.
for (const signal of ["SIGTERM", "SIGINT"])
  process.on(signal, () => (clients === 0 ? reap() : process.exit()));
