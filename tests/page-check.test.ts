import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { seal } from "../attest/envelope.ts";
import { localSigner } from "../attest/signer.ts";
import { aHostileReport } from "../reports/render/a-hostile-report.ts";
import { aBreach, aReport, aRun, aVerdict } from "../reports/render/a-report.ts";
import { hostile, hostileTexts } from "../reports/render/hostile.ts";
import { renderRegionHtml, renderRunHtml } from "../reports/render/html.ts";
import { carrying } from "../reports/render/html-check.ts";
import { formOf } from "../reports/render/html-form.ts";
import { aKey, type SignedPages, signedPages, someFiles, someReports } from "./a-signed-page.ts";
import { browserOfTests, type Shown, violations } from "./browser.ts";

const open = browserOfTests();
let signed: SignedPages;
let page: string;
let bundle: { dsseEnvelope: { payload: string; signatures: { sig: string; keyid: string }[] } };

beforeAll(async () => {
  signed = await signedPages();
  page = signed.regions[0] ?? "";
  bundle = JSON.parse(signed.bundles[0] ?? "");
});

const found = ({ page }: Shown) => page.locator("#check-result");
const holds = /^✓ Holds for your key/;
const open_ = /^\? Not established/;
const fails = /^✕ Does not hold/;

async function compare(shown: Shown, fingerprint: string): Promise<void> {
  await shown.page.getByLabel(/^Fingerprint/).fill(fingerprint);
}

async function choose(shown: Shown, pem: string): Promise<void> {
  const file = { name: "judge.pub.pem", mimeType: "text/plain", buffer: Buffer.from(pem) };
  await shown.page.getByLabel(/public key/).setInputFiles(file);
}

/** What a page says of itself, by whatever key it carries and by the judge's. */
async function verdictOf(markup: string): Promise<string[]> {
  await using shown = await open(markup);
  const said: string[] = [];
  for (const name of [
    async () => {},
    () => compare(shown, signed.key.fingerprint),
    () => choose(shown, signed.key.publicPem),
  ]) {
    await name();
    await expect.poll(() => found(shown).textContent()).not.toBe("");
    await shown.page.waitForTimeout(50);
    said.push((await found(shown).textContent()) ?? "");
  }
  expect(shown.requests).toEqual([shown.url]);
  expect(shown.complaints).toEqual([]);
  return said;
}

describe("a page that is as it was signed", () => {
  test("says by which key, and that only the judge can say whose that is", async () => {
    await using shown = await open(page);
    await expect.poll(() => found(shown).textContent()).toMatch(open_);
    expect(await found(shown).textContent()).toContain(signed.key.fingerprint);
    expect(shown.requests).toEqual([shown.url]);
    expect(shown.complaints).toEqual([]);
    expect(await violations(shown.page)).toEqual([]);
  });

  test.each<[string, (shown: Shown) => Promise<void>]>([
    ["the fingerprint", (shown) => compare(shown, signed.key.fingerprint)],
    [
      "the fingerprint as others write it",
      (shown) => compare(shown, ` ${signed.key.fingerprint.toUpperCase().replace(/..(?=.)/g, "$&:")} `),
    ],
    ["the public key", (shown) => choose(shown, signed.key.publicPem)],
  ])("holds once its reader names %s", async (_what, name) => {
    await using shown = await open(page);
    await name(shown);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
    expect(await shown.page.locator("#alarm").isVisible()).toBe(false);
    expect(shown.requests).toEqual([shown.url]);
  });

  test("holds on the run's page, which carries each region's statement", async () => {
    await using shown = await open(signed.run);
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
  });

  test("holds by an Ed25519 key", async () => {
    const other = await signedPages(someReports(), { key: aKey("ed25519") });
    await using shown = await open(other.run);
    await compare(shown, other.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
  });

  test("holds with a list of attempts that is too long to lay out", async () => {
    const verdicts = Array.from({ length: 6000 }, (_, index) => aVerdict(index === 7 ? aBreach : {}));
    const large = await signedPages([aReport({ verdicts })], { key: signed.key });
    await using shown = await open(large.regions[0] ?? "");
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
    const [packed = ""] = large.regions;
    const altered = packed.replace("where it had to be stopped", "where it had to be seen");
    expect(altered).not.toBe(packed);
    for (const said of await verdictOf(altered)) expect(said).toMatch(fails);
  });

  test("holds when a link opens a part of it", async () => {
    await using shown = await open(page);
    await shown.page.goto(`${shown.url}#attempts`);
    const top = () =>
      shown.page.evaluate(() => document.querySelector("#attempts")?.getBoundingClientRect().top);
    // A browser that is reloaded goes back to where it was.
    await expect.poll(top).toBeLessThan(900);
    await shown.page.reload();
    await expect.poll(top).toBeLessThan(900);
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
  });
});

describe("a closed shadow, which no script can read, shows nothing", () => {
  const forged = (mode: string) =>
    `<template shadowrootmode="closed"${mode}>Nothing ever left any region.</template>`;
  /** Among all that is laid out, closed shadows included. */
  const isForgeryShown = async ({ page }: Shown) => {
    const session = await page.context().newCDPSession(page);
    const laidOut = JSON.stringify(await session.send("DOM.getDocument", { depth: -1, pierce: true }));
    return laidOut.includes("Nothing ever left");
  };

  test.each(["<body", "<main", "<header", "<h1", "<section", "<footer"])("in %s>", async (where) => {
    const at = page.indexOf(">", page.indexOf(where, page.indexOf("<body"))) + 1;
    for (const mode of ["", " shadowrootclonable shadowrootserializable"]) {
      await using shown = await open(page.slice(0, at) + forged(mode) + page.slice(at));
      await compare(shown, signed.key.fingerprint);
      await expect.poll(() => found(shown).textContent()).toMatch(holds);
      expect(await isForgeryShown(shown)).toBe(false);
    }
  });

  test("on a page whose attempts are laid out by its script, and it still lays them out", async () => {
    const many = Array.from({ length: 6000 }, (_, index) => aVerdict(index === 7 ? aBreach : {}));
    const large = await signedPages([aReport({ verdicts: many })], { key: signed.key });
    const [markup = ""] = large.regions;
    const at = markup.indexOf(">", markup.indexOf("<main")) + 1;
    await using shown = await open(markup.slice(0, at) + forged("") + markup.slice(at));
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
    expect(await isForgeryShown(shown)).toBe(false);
    await shown.page.locator("#filter [name=grade]").selectOption("breached");
    await expect.poll(() => shown.page.locator("#filter-status").textContent()).toBe("1 of 6,000 shown");
    await expect.poll(() => shown.page.locator("#attempt-groups tr[data-grade]").count()).toBe(1);
  });
});

/** Each has to be noticed by whatever key the reader names. */
describe("a page does not hold, and says why, when", () => {
  const replaced = (from: string | RegExp, to: string) => (markup: string) => {
    const altered = markup.replace(from, to);
    expect(altered).not.toBe(markup);
    return altered;
  };
  const altered = /words, rows, numbers or what hides them/;

  test.each<[string, (markup: string) => string, RegExp]>([
    [
      "one letter of a verdict is another",
      replaced("though it answers at home", "though it answers at hone"),
      altered,
    ],
    ["its grade is another", replaced("</span>PASS</span></h1>", "</span>PASS.</span></h1>"), altered],
    ["a number is another", replaced(/<dd>\d+<\/dd>/, "<dd>77</dd>"), altered],
    ["its title is another", replaced("<title>PASS", "<title>BREACHED"), altered],
    ["a row is missing", replaced(/<tr data-grade="contained">[\s\S]*?<\/tr>\n/, ""), altered],
    ["a row is there twice", replaced(/<tr data-grade="contained">[\s\S]*?<\/tr>\n/, "$&$&"), altered],
    ["a row is hidden", replaced("<tr data-grade", "<tr hidden data-grade"), altered],
    ["a mark has another class", replaced('class="mark contained"', 'class="mark breached"'), altered],
    ["a part has a style of its own", replaced("<main ", '<main style="display: none" '), altered],
    [
      "its style sheet has another rule",
      replaced("</style>", ".findings { display: none }</style>"),
      altered,
    ],
    ["something stands before its end", replaced("</body>", "<p>Approved</p></body>"), altered],
    ["something stands behind its end", replaced(/$/, "<p>Approved</p>"), altered],
    ["it holds a comment", replaced("<main", "<!-- --><main"), altered],
    [
      "a part is in a shadow of its own",
      replaced(/<h1>/, '<h1><template shadowrootmode="open">PASS</template>'),
      altered,
    ],
    ["it is of another run", replaced(/data-run="[^"]*"/, 'data-run="another"'), /in place of/],
    [
      "it names another region",
      replaced(/data-regions="[^"]*"/, 'data-regions="[&quot;us-east-1&quot;]"'),
      /in place of/,
    ],
    [
      "it names no region",
      replaced(/data-regions="[^"]*"/, 'data-regions="[]"'),
      /carries 1 statements, and 0/,
    ],
  ])("%s", async (_what, alter, reason) => {
    // The policy goes first, so that what it forbids is not what is noticed.
    const lenient = alter(page);
    const said = await allowing(lenient);
    for (const one of said) {
      expect(one).toMatch(fails);
      expect(one).toMatch(reason);
    }
  });

  async function allowing(markup: string): Promise<string[]> {
    await using shown = await open(markup);
    const said: string[] = [];
    for (const name of [
      async () => {},
      () => compare(shown, signed.key.fingerprint),
      () => choose(shown, signed.key.publicPem),
    ]) {
      await name();
      await expect.poll(() => found(shown).textContent()).toMatch(fails);
      said.push((await found(shown).textContent()) ?? "");
      expect(await shown.page.locator("#alarm").textContent()).toMatch(fails);
    }
    expect(shown.requests).toEqual([shown.url]);
    return said;
  }

  const carried = (bundles: string[], publicKey = signed.key.publicPem) =>
    carrying(signed.bare.regions[0] ?? "", { bundles, publicKey });
  const edited = (change: (envelope: typeof bundle) => void) => () => {
    const copy = structuredClone(bundle);
    change(copy);
    return carried([JSON.stringify(copy)]);
  };
  const payload = (change: (text: string) => string) =>
    edited(({ dsseEnvelope }) => {
      const text = Buffer.from(dsseEnvelope.payload, "base64").toString();
      expect(change(text)).not.toBe(text);
      dsseEnvelope.payload = Buffer.from(change(text)).toString("base64");
    });

  test.each<[string, () => string | Promise<string>, RegExp]>([
    [
      "it carries another region's statement",
      () => carried([signed.bundles[1] ?? ""]),
      /statement of us-east-1 in run/,
    ],
    [
      "it carries the statement of another run",
      async () => {
        const other = await signedPages(someReports({ runId: "another" }), { key: signed.key });
        return carried([other.bundles[0] ?? ""]);
      },
      /in run another, in place of/,
    ],
    [
      "it carries the statement of another run of the same name",
      async () => {
        const other = await signedPages(someReports({ title: "Another map" }), { key: signed.key });
        return carried([other.bundles[0] ?? ""]);
      },
      altered,
    ],
    ["it carries no statement of its region", () => carried([]), /carries 0 statements/],
    ["it carries one more", () => carried([...signed.bundles]), /carries 3 statements/],
    [
      "its statement was edited",
      payload((text) => text.replace('"pass"', '"past"')),
      /changed after it was signed/,
    ],
    [
      "its statement names its altered words",
      payload((text) => text.replace(/"region":"[0-9a-f]{64}"/, `"region":"${"0".repeat(64)}"`)),
      /changed after it was signed/,
    ],
    [
      "a bit of the signature is another",
      edited(({ dsseEnvelope: { signatures } }) => {
        const [one] = signatures;
        const bytes = Buffer.from(one?.sig ?? "", "base64");
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        if (one) one.sig = bytes.toString("base64");
      }),
      /does not fit/,
    ],
    [
      "the signature is cut",
      edited(({ dsseEnvelope: { signatures } }) => {
        for (const one of signatures) one.sig = one.sig.slice(0, 40);
      }),
      /damaged/,
    ],
    [
      "its statement is of another type",
      edited(({ dsseEnvelope }) => Object.assign(dsseEnvelope, { payloadType: "text/plain" })),
      /none of a run/,
    ],
    [
      "its statement has two signatures",
      edited(({ dsseEnvelope: { signatures } }) => signatures.push(...signatures)),
      /none of a run/,
    ],
    [
      "the envelope names another key",
      edited(({ dsseEnvelope: { signatures } }) => {
        for (const one of signatures) one.keyid = "AAAA";
      }),
      /none of a run/,
    ],
    ["the key in it is another", () => carried([signed.bundles[0] ?? ""], aKey().publicPem), /another key/],
  ])("%s", async (_what, make, reason) => {
    await using shown = await open(await make());
    await expect.poll(() => found(shown).textContent()).toMatch(fails);
    expect(await found(shown).textContent()).toMatch(reason);
    expect(await shown.page.locator("#alarm").isVisible()).toBe(true);
    expect(shown.requests).toEqual([shown.url]);
    expect(shown.complaints).toEqual([]);
  });

  test("a stranger signed other words, and put the own key in it", async () => {
    const reports = someReports({ title: "All is well" });
    const stranger = await signedPages(reports);
    await using shown = await open(stranger.regions[0] ?? "");
    await expect.poll(() => found(shown).textContent()).toMatch(open_);
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(/^✕ Does not hold for the fingerprint/);
    await choose(shown, signed.key.publicPem);
    await expect.poll(() => found(shown).textContent()).toMatch(/signed by another key/);
    expect(await shown.page.locator("#alarm").isVisible()).toBe(true);
  });

  test("the run's page lacks a region's statement, or has two of one", async () => {
    const [first = "", second = "", third = ""] = signed.bundles;
    for (const bundles of [
      [first, second],
      [first, first, third],
      [second, first, third],
    ]) {
      await using shown = await open(carrying(signed.bare.run, { bundles, publicKey: signed.key.publicPem }));
      await expect.poll(() => found(shown).textContent()).toMatch(fails);
    }
  });
});

describe("nothing is said to hold", () => {
  const never = async (shown: Shown) => {
    await compare(shown, signed.key.fingerprint);
    await choose(shown, signed.key.publicPem);
    await expect.poll(() => found(shown).textContent()).toMatch(/^\? Not checked/);
  };

  test("where the browser has no cryptography for the page", async () => {
    await using shown = await open(page, {
      before: () => Object.defineProperty(Crypto.prototype, "subtle", { get: () => undefined }),
    });
    await never(shown);
    expect(await found(shown).textContent()).toContain("no cryptography");
  });

  test("where nobody has signed the page", async () => {
    await using shown = await open(signed.bare.regions[0] ?? "");
    await never(shown);
  });

  test("where somebody's identity stands in place of a key", async () => {
    const copy = { ...bundle, verificationMaterial: { certificate: { rawBytes: "AAAA" } } };
    const bundles = [JSON.stringify(copy)];
    await using shown = await open(carrying(signed.bare.regions[0] ?? "", { bundles, publicKey: null }));
    await never(shown);
    expect(await found(shown).textContent()).toContain("ringfence verify");
  });

  test("for what is no fingerprint, or no key", async () => {
    await using shown = await open(page);
    await compare(shown, signed.key.fingerprint.slice(1));
    await expect.poll(() => found(shown).textContent()).toMatch(open_);
    await choose(shown, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----");
    await expect.poll(() => found(shown).textContent()).toMatch(/^\? Not checked/);
    await choose(shown, "hello");
    await expect.poll(() => found(shown).textContent()).toMatch(/^\? Not checked/);
  });
});

describe("files that are given to a page", () => {
  const file = (name: string, text: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  const whole = Object.entries(someFiles).map(([name, text]) => file(name.split("/").at(-1) ?? "", text));
  const result = ({ page }: Shown) => page.locator("#files-result");
  const give = (shown: Shown, files: ReturnType<typeof file>[]) =>
    shown.page.getByLabel(/^Files of this run/).setInputFiles(files);

  test("are as signed, all of them, once the reader has named the key", async () => {
    await using shown = await open(page);
    await give(shown, whole);
    await expect
      .poll(() => result(shown).textContent())
      .toMatch(/^\? 4 of 4 files are as signed.*still to be compared/);
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
    await give(shown, whole);
    await expect.poll(() => result(shown).textContent()).toMatch(/^✓ 4 of 4 files are as signed$/);
    expect(shown.requests).toEqual([shown.url]);
  });

  test("are compared when they are dropped", async () => {
    await using shown = await open(page);
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
    const dropped = await shown.page.evaluateHandle(
      (files) => {
        const data = new DataTransfer();
        for (const [name, text] of files) data.items.add(new File([text], name));
        return data;
      },
      Object.entries(someFiles).map(([name, text]) => [name.split("/").at(-1) ?? "", text] as const),
    );
    await shown.page.dispatchEvent("main", "drop", { dataTransfer: dropped });
    await expect.poll(() => result(shown).textContent()).toMatch(/^✓ 4 of 4/);
    expect(shown.page.url()).toBe(shown.url);
  });

  test.each<[string, ReturnType<typeof file>[], RegExp]>([
    [
      "one is changed",
      [...whole.slice(1), file("report.json", "the retort")],
      /^✕ 3 of 4.*report\.json is not as it was signed/,
    ],
    ["one is missing", whole.slice(1), /^\? 3 of 4.*Not among them: eu-central-1\/report\.json/],
    ["one is nobody's", [...whole, file("approval.pdf", "yes")], /^✓ 4 of 4.*1 more is not covered/],
  ])("are counted, and %s", async (_what, files, said) => {
    await using shown = await open(page);
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
    await give(shown, files);
    await expect.poll(() => result(shown).textContent()).toMatch(said);
  });

  test("are compared with nothing where the page does not hold", async () => {
    await using shown = await open(page.replace("at home", "at hone"));
    await give(shown, whole);
    await expect.poll(() => result(shown).textContent()).toMatch(/^\? Not compared/);
  });

  test("may be the judge's statement of the run, which covers more", async () => {
    const runId = signed.reports[0]?.runId ?? "";
    const more = { "run.json": "the run", ...someFiles };
    const { createHash } = await import("node:crypto");
    const subject = Object.entries(more).map(([name, text]) => ({
      name,
      digest: { sha256: createHash("sha256").update(text).digest("hex") },
    }));
    const statement = (id: string) => ({ subject, predicate: { "urn:ringfence:run:v1": { runId: id } } });
    const sealed = (id: string, key = signed.key) => seal(statement(id), localSigner(key));
    const given = async (text: string) => [
      file("evidence.sigstore.json", text),
      file("run.json", "the run"),
      ...whole,
    ];
    await using shown = await open(page);
    await compare(shown, signed.key.fingerprint);
    await expect.poll(() => found(shown).textContent()).toMatch(holds);
    await give(shown, await given(await sealed(runId)));
    await expect.poll(() => result(shown).textContent()).toMatch(/^✓ 5 of 5/);
    for (const other of [await sealed("another"), await sealed(runId, aKey())]) {
      await give(shown, await given(other));
      await expect.poll(() => result(shown).textContent()).toMatch(/^✓ 4 of 4.*2 more are not covered/);
    }
  });
});

describe("the text that is signed for a page is the one that a browser has of it", () => {
  const source = readFileSync(
    join(import.meta.dirname, "..", "reports", "render", "html-form.js"),
    "utf8",
  ).replaceAll("export ", "");
  const ours = (markup: string) => [...formOf(markup)].join("");

  test("when it is opened from a disk, whatever its strings hold", { timeout: 240_000 }, async () => {
    const inBrowser = async (markup: string) => {
      await using shown = await open(markup.replace(/<script>[\s\S]*?<\/script>\n/, ""));
      return (await shown.page.evaluate(`${source}; formOf(document)`)) as string;
    };
    for (const text of [...hostileTexts, "x".repeat(200_000)]) {
      const report = aHostileReport(text);
      for (const markup of [renderRegionHtml(report), renderRunHtml(aRun([report]), [report])])
        expect(await inBrowser(markup)).toBe(ours(markup.replace(/<script>[\s\S]*?<\/script>\n/, "")));
    }
  });

  test("for any strings", { timeout: 120_000 }, async () => {
    await using blank = await open("<!doctype html><title>blank</title>");
    await blank.page.evaluate(
      `${source}; globalThis.formOfMarkup = (text) => formOf(new DOMParser().parseFromString(text, "text/html"))`,
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const report = aHostileReport(text);
        for (const markup of [renderRegionHtml(report), renderRunHtml(aRun([report]), [report])]) {
          const theirs = await blank.page.evaluate(
            (page) => (globalThis as unknown as { formOfMarkup(page: string): string }).formOfMarkup(page),
            markup,
          );
          expect(theirs).toBe(ours(markup));
        }
      }),
      { numRuns: 60 },
    );
  });
});
