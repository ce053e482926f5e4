import type { Interface } from "node:readline";
import { jsonLine } from "../core/json-line.ts";
import type { FromRegion, Stage, ToRegion } from "./job.ts";
import type { Line } from "./observer.ts";

/** The region's end of the line to its coordinator: what comes in by `input`, and goes out by `write`. */
export function lineTo(write: (text: string) => void, input: Interface): Line {
  const waiting = new Map<Stage, (message: ToRegion) => void>();
  input.on("line", (text) => {
    const message = JSON.parse(text) as ToRegion;
    waiting.get(message.after)?.(message);
  });
  const say = (message: FromRegion) => write(jsonLine(message));
  let journal: string[] = [];
  const flush = () => {
    if (journal.length > 0) say({ type: "journal", lines: journal });
    journal = [];
  };
  return {
    // Whatever is written at one moment goes out at once: each message costs more than its lines.
    send(message) {
      if (message.type !== "journal") {
        flush();
        say(message);
        return;
      }
      if (journal.length === 0) setImmediate(flush);
      journal.push(...message.lines);
    },
    receive: (stage) => new Promise((done) => waiting.set(stage, done)),
  };
}
