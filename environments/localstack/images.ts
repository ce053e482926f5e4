import { z } from "zod";
import { docker } from "./docker.ts";
import images from "./images.json" with { type: "json" };
import type { Stack } from "./stack.ts";

/** The label of an image that was put together from packages where no registry answered. */
const standInLabel = "dev.ringfence.stand-in";

const Image = z.looseObject({
  RepoDigests: z.array(z.string()).nullish(),
  Config: z.looseObject({ Labels: z.record(z.string(), z.string()).nullish() }),
});

/** What has to be said of the images that a stack really runs. */
export async function imageLimits(stack: Stack): Promise<string[]> {
  const used = images.filter(({ image }) => stack.containers.some((one) => one.image.name === image));
  const kinds = await Promise.all(used.map(kindOf));
  const named = (kind: string) => used.filter((_, index) => kinds[index] === kind).map(({ image }) => image);
  const [standIns, others] = [named("stand-in"), named("other")];
  return [
    ...(standIns.length > 0
      ? [
          `No registry answered: ${standIns.join(", ")} are stand-ins built from packages, not the upstream images.`,
        ]
      : []),
    ...(others.length > 0
      ? [
          `${others.join(", ")} are not the builds whose digests are pinned in environments/localstack/images.json.`,
        ]
      : []),
  ];
}

async function kindOf({ image, digest }: (typeof images)[number]): Promise<"pinned" | "stand-in" | "other"> {
  const [found] = z.array(Image).parse(JSON.parse(await docker(["image", "inspect", image])));
  if (found?.Config.Labels?.[standInLabel] === "true") return "stand-in";
  const isPinned = found?.RepoDigests?.some((known) => known.endsWith(`@${digest}`)) ?? false;
  return isPinned ? "pinned" : "other";
}
