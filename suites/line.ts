import { channelName, type FromRegion, type Stage, type ToRegion } from "./job.ts";
import type { Line } from "./observer.ts";

/** The worker's end of the line to the coordinator. */
export function channelLine(): Line {
  const channel = new BroadcastChannel(channelName);
  const waiting = new Map<Stage, (message: ToRegion) => void>();
  channel.onmessage = ({ data }: MessageEvent<ToRegion | FromRegion>) => {
    if (data.type === "go") waiting.get(data.after)?.(data);
  };
  let journal: string[] = [];
  const flush = () => {
    if (journal.length > 0) channel.postMessage({ type: "journal", lines: journal } satisfies FromRegion);
    journal = [];
  };
  return {
    // Whatever is written at one moment goes out at once: each message costs more than its lines.
    send(message) {
      if (message.type !== "journal") {
        flush();
        channel.postMessage(message);
        return;
      }
      if (journal.length === 0) setImmediate(flush);
      journal.push(...message.lines);
    },
    receive: (stage) => new Promise((done) => waiting.set(stage, done)),
  };
}
