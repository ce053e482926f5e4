import { channelName, type FromRegion, type Stage, type ToRegion } from "./job.ts";
import type { Line } from "./observer.ts";

/** The worker's end of the line to the coordinator. */
export function channelLine(): Line {
  const channel = new BroadcastChannel(channelName);
  const waiting = new Map<Stage, (message: ToRegion) => void>();
  channel.onmessage = ({ data }: MessageEvent<ToRegion | FromRegion>) => {
    if (data.type === "go") waiting.get(data.after)?.(data);
  };
  return {
    send: (message) => channel.postMessage(message),
    receive: (stage) => new Promise((done) => waiting.set(stage, done)),
  };
}
