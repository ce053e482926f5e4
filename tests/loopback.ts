import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** Servers on 127.0.0.1 for a test, all gone when it is over, with every connection. */
export class Loopback implements AsyncDisposable {
  readonly #closing: (() => unknown)[] = [];
  readonly #connections = new Set<Socket>();

  /** Serves a port that nobody else has. */
  async serve(server: Server, host = "127.0.0.1"): Promise<number> {
    server.on("connection", (socket: Socket) => {
      this.#connections.add(socket.on("error", () => {}));
      socket.once("close", () => this.#connections.delete(socket));
    });
    this.#closing.push(() => server.close());
    await once(server.listen(0, host), "listening");
    return (server.address() as AddressInfo).port;
  }

  tcp(take: (socket: Socket) => void, host = "127.0.0.1"): Promise<number> {
    const server = createServer((socket) => {
      take(socket);
      socket.resume();
    });
    return this.serve(server, host);
  }

  /** How many connections are open. */
  get open(): number {
    return this.#connections.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing.splice(0)) await close();
    for (const socket of this.#connections) socket.destroy();
  }
}
