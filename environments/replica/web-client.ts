import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { HttpRequest } from "../../core/drill.ts";

/** Asks a service of the replica as its administrator, through the socket of its host. Rejects with the
 *  service's own words unless it succeeds. */
export function askService(
  { socketPath, name }: { socketPath: string; name: string },
  { method, path, body }: HttpRequest,
): Promise<string> {
  return new Promise((done, fail) => {
    const call = request({ socketPath, method, path, headers: { host: name } }, async (answer) => {
      try {
        const said = await text(answer);
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) done(said);
        else fail(new Error(`${name} answered ${status} to ${method} ${path}: ${said.slice(0, 200)}`));
      } catch (error) {
        fail(error);
      }
    });
    call.on("error", fail);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
