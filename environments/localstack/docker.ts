import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { RingfenceError } from "../../core/errors.ts";

/** Runs a docker command to its end and gives what it printed; throws REPLICA_FAILED with its complaint. */
export async function docker(argv: readonly string[], input = ""): Promise<string> {
  const child = spawn("docker", argv, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const ended = once(child, "close") as Promise<[number | null]>;
  const [printed, complaint, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended.then(
      ([status]) => status,
      (error: Error) => error.message,
    ),
  ]);
  if (code === 0) return printed;
  throw new RingfenceError(
    "REPLICA_FAILED",
    `\`docker ${argv.slice(0, 3).join(" ")} …\` failed: ${complaint.trim().slice(-2000) || String(code)}`,
    { fix: "run `npm run -s ringfence -- doctor --env localstack`" },
  );
}
