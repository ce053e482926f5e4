import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, type Page, chromium as playwright } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { chromium } from "../scripts/bench/chromium.ts";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export interface Shown extends AsyncDisposable {
  page: Page;
  url: string;
  /** Everything that was asked for, the page itself included; and what the browser had to complain about. */
  requests: string[];
  complaints: string[];
}

/** Opens pages from a disk in a real browser, for the tests of one file. They are shown or the tests fail: a skip
 *  would look like a page that works. */
export function browserOfTests() {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-pages-"));
  let browser: Browser;
  let opened = 0;
  beforeAll(async () => {
    browser = await playwright.launch(chromium());
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return async (
    markup: string,
    { before, ...options }: BrowserContextOptions & { before?: () => void } = {},
  ): Promise<Shown> => {
    opened += 1;
    const file = join(folder, `page-${opened}.html`);
    writeFileSync(file, markup);
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    if (before) await page.addInitScript(before);
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    const url = pathToFileURL(file).href;
    await page.goto(url);
    return { page, url, requests, complaints, [Symbol.asyncDispose]: () => context.close() };
  };
}

/** What axe finds with all details open. Run by the driver, which the page's policy does not bind: the page itself
 *  may still run nothing else. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  await page.evaluate(readFileSync(axe, "utf8"));
  return page.evaluate(async () => {
    const axeCore = (
      globalThis as unknown as {
        axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      }
    ).axe;
    const found = await axeCore.run();
    return found.violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html)
          .join(" ")}`,
    );
  });
}
