import type { Try } from "../../core/journal.ts";
import type { Rung } from "../../core/vocabulary.ts";

/** Between the test and the process that makes the attempts. */
export interface HostileCase {
  kind: string;
  probe: string;
  behaviour: string;
  port: number;
  /** PostgreSQL and SMTP; S3 always speaks TLS, and SSH never does. */
  tls: boolean;
}

export interface HostileResult {
  tries: Try[];
  elapsedMs: number;
  /** How late a plain timer was meanwhile: what a busy machine takes from everybody is not the probe's. */
  stalledMs: number;
  late: Rung[];
}

export interface HostileRun {
  results: HostileResult[];
  /** Unhandled rejections and uncaught exceptions. */
  unhandled: string[];
  peakMegabytes: number;
  /** What was printed on standard error. */
  said: string;
  /** What would keep the process alive when all is closed. */
  leftOpen: string[];
}

export const deadlineMs = 800;
export const secret = "the-secret-of-the-workload";
