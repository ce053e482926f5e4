import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { Certificate } from "../../environments/replica/certificates.ts";

/** One way to be hostile. `secure` answers the TLS handshake and gives the stream inside. */
export interface Behaviour {
  name: string;
  serve(socket: Socket, secure: (socket: Socket) => Duplex): void;
}

export interface HostileServers extends AsyncDisposable {
  /** Listens on 127.0.0.1 and does that to whoever connects. */
  start(behaviour: Behaviour): Promise<number>;
}

export function hostileServers(certificate: Certificate): HostileServers {
  const secureContext = createSecureContext(certificate);
  const closing: (() => void)[] = [];
  const secure = (socket: Socket) =>
    new TLSSocket(socket, { isServer: true, secureContext }).on("error", () => {});
  return {
    async start(behaviour) {
      const sockets = new Set<Socket>();
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.add(socket.on("error", () => {}));
        socket.once("close", () => sockets.delete(socket));
        behaviour.serve(socket, secure);
      });
      closing.push(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
      return (server.address() as AddressInfo).port;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing.splice(0)) close();
    },
  };
}
