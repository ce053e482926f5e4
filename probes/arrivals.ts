import * as http from "node:http";
import * as https from "node:https";
import { z } from "zod";
import { Arrival, mostArrivals } from "../core/witness.ts";
import { within } from "./attempt.ts";
import { Ladder } from "./ladder.ts";

const waitMs = 5000;
const longestAnswerBytes = 4 * 1024 * 1024;
const Arrivals = z.array(Arrival).max(mostArrivals);

/** Asks a receiver of the own region what it was sent: a JSON list of `Arrival`, over HTTP or HTTPS. Throws
 *  where it does not answer in time, or with anything else. */
export async function askArrivals(url: string): Promise<Arrival[]> {
  const ladder = new Ladder({ longestAnswerBytes });
  try {
    const answer = await within(waitMs, bodyOf(url, ladder));
    if (answer === null) throw new Error("no answer");
    return Arrivals.parse(JSON.parse(answer));
  } finally {
    ladder.close();
  }
}

function bodyOf(url: string, ladder: Ladder): Promise<string> {
  return new Promise((done, fail) => {
    const { get } = url.startsWith("https:") ? https : http;
    const call = get(url, { agent: false }, (answer) => {
      if (answer.statusCode !== 200) fail(new Error(`HTTP ${answer.statusCode}`));
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", fail);
      answer.on("end", () => done(Buffer.concat(chunks).toString("utf8")));
    });
    call.on("socket", (socket) => ladder.watch(socket));
    call.on("error", fail);
  });
}
