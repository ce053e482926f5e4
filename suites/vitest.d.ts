import type { Job } from "./job.ts";

declare module "vitest" {
  interface ProvidedContext {
    job: Job;
  }
}
