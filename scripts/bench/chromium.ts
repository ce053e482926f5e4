import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { LaunchOptions } from "playwright-core";

/** How pages are shown in a real browser. Throws where there is none. */
export function chromium(): LaunchOptions {
  return {
    executablePath: chromiumPath(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--no-first-run",
      "--disable-component-update",
      "--disable-sync",
    ],
  };
}

function chromiumPath(): string {
  const named = process.env.CHROMIUM;
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .map((directory) => join(directory, "google-chrome"));
  const candidates = named ? [named] : ["/usr/bin/chromium", "/usr/bin/chromium-browser", ...onPath];
  const found = candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found) return found;
  throw new Error(
    `Chromium: expected an executable at ${named ?? "/usr/bin/chromium, /usr/bin/chromium-browser or google-chrome on PATH"}, got none. ` +
      "Install it with: apt-get install chromium. Or name one by the environment variable CHROMIUM.",
  );
}
