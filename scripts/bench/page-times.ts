import { pathToFileURL } from "node:url";
import { chromium as playwright } from "playwright-core";
import { chromium } from "./chromium.ts";

/** How long a page takes in a browser: until its list can be filtered, until it has checked itself, and to show what
 *  a word and a grade leave. */
export async function pageTimes(
  file: string,
): Promise<{ openMs: number; checkMs: number; filterMs: number }> {
  const browser = await playwright.launch(chromium());
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const begun = performance.now();
    await page.goto(pathToFileURL(file).href);
    await page.locator("#filter-status:visible").waitFor();
    const openMs = performance.now() - begun;
    await page.locator("#check-result .mark").waitFor();
    const checkMs = performance.now() - begun;
    const filterMs = await page.evaluate(async () => {
      const words = document.querySelector<HTMLInputElement>("#filter [name=words]");
      const status = document.querySelector("#filter-status");
      const before = status?.textContent;
      const started = performance.now();
      if (words) words.value = "ipv6 us-east-1";
      words?.dispatchEvent(new Event("input", { bubbles: true }));
      while (status?.textContent === before) await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
      return performance.now() - started;
    });
    return { openMs, checkMs, filterMs };
  } finally {
    await browser.close();
  }
}
