import type { ChildProcess } from "node:child_process";
import { crossing, home, resultOf, type Sabotage } from "./record.ts";
import { atStage } from "./relay.ts";

const moments = 10;
const shared = ["postgres", "redis", "s3", "tcp"] as const;

/** The whole process group: what entered the region, and what runs there. Ours: it was started for this. */
function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Random moments, from the start of a region's process until the attempts end in a clean run: this run may be
 *  quicker, and is killed at the latest when its attempts are done. */
const random = Array.from({ length: moments }, (_, index): Sabotage => {
  const kind = shared[index % shared.length] ?? "redis";
  return {
    id: `kills/random-${index + 1}/${kind}`,
    kind,
    title: `kill -9 of one region's process, at random moment ${index + 1} of ${moments}`,
    async run({ clean, prove }) {
      const { attemptsEndedMs } = await clean(kind);
      const atMs = Math.round(Math.random() * attemptsEndedMs);
      let timer: NodeJS.Timeout | undefined;
      const judged = await prove({
        kind,
        wrap(region, child) {
          if (region !== home) return child;
          timer = setTimeout(() => kill(child), atMs);
          return atStage(child, "attempts", () => kill(child));
        },
      });
      clearTimeout(timer);
      const { because, ...result } = resultOf(judged.judgement, crossing);
      return { ...result, because: `after ${atMs} ms: ${because}` };
    },
  };
});

const atStages = (["controls-before", "attempts", "controls-after"] as const).map(
  (stage): Sabotage => ({
    id: `kills/at-${stage}/redis`,
    kind: "redis",
    title: `kill -9 of one region's process, once its ${stage.replace("-", " ")} are done`,
    async run({ prove }) {
      const judged = await prove({
        kind: "redis",
        wrap: (region, child) => (region === home ? atStage(child, stage, () => kill(child)) : child),
      });
      return resultOf(judged.judgement, crossing);
    },
  }),
);

export const kills: readonly Sabotage[] = [...random, ...atStages];
