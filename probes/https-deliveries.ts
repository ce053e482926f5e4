import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { askArrivals } from "./arrivals.ts";
import { coded, type Way } from "./https-inside.ts";

const mostReadings = 8;
const betweenReadingsMs = 150;

/** Orders one test event, and asks its receiver, outside, where it came from. Throws NOT_DELIVERED where the
 *  receiver has seen nothing after a second, and RECEIVER_SAYS_NOTHING. */
export const deliveries: Way = async ({ context: { own }, read, seen }, { canaries }) => {
  const { path = "", body = "", receiver = "", arrivals = "" } = own.deliveries ?? {};
  const token = randomBytes(16).toString("hex");
  const url = new URL(receiver);
  url.searchParams.set("event", `ringfence-${token}`);
  const post = { type: "application/json", body: body.replace("{url}", () => url.href) };
  await read({ path, token: own.credentials.own.token, post });
  const came = await sourcesOf(token, arrivals);
  if (came.length === 0) throw coded("NOT_DELIVERED");
  return { canaries: [...new Set([...canaries, ...seen])], servedFrom: { addresses: came } };
};

/** From where the event came, each address once; asked once more after the first, for it may be sent twice. */
async function sourcesOf(token: string, arrivals: string): Promise<string[]> {
  let sources: string[] = [];
  for (let readings = 0; readings < mostReadings; readings++) {
    const isLast = sources.length > 0;
    const all = await askArrivals(arrivals).catch(() => Promise.reject(coded("RECEIVER_SAYS_NOTHING")));
    const mine = all.filter((one) => one.token === token);
    sources = [...new Set(mine.map(({ from }) => from.replace(/^::ffff:/i, "")))];
    if (isLast) break;
    await sleep(betweenReadingsMs);
  }
  return sources;
}
