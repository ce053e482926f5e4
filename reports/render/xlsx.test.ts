import fc from "fast-check";
import { XMLValidator } from "fast-xml-parser";
import { strFromU8, unzipSync } from "fflate";
import readWorkbook from "read-excel-file/node";
import { expect, test } from "vitest";
import { aHostileReport } from "./a-hostile-report.ts";
import { aBreach, anInconclusive, aReport, aRun, aVerdict, aWaiver } from "./a-report.ts";
import { hostile, hostileTexts } from "./hostile.ts";
import { visible } from "./visible.ts";
import { renderWorkbook } from "./xlsx.ts";
import { zip } from "./zip.ts";

/** As an independent reader sees it: rows of each sheet, the first names the columns. */
async function sheetsOf(bytes: Uint8Array): Promise<Record<string, Record<string, unknown>[]>> {
  const sheets = await readWorkbook(Buffer.from(bytes), { trim: false });
  return Object.fromEntries(
    sheets.map(({ sheet, data: [head = [], ...rows] }) => [
      sheet,
      rows.map((row) => Object.fromEntries(row.map((cell, column) => [String(head[column]), cell]))),
    ]),
  );
}

function parts(bytes: Uint8Array): [name: string, xml: string][] {
  return Object.entries(unzipSync(bytes)).map(([name, content]) => [name, strFromU8(content)]);
}

const workbookOf = (report: ReturnType<typeof aReport>) => renderWorkbook(aRun([report]), [report]);

test("an independent reader finds every attempt, gap, system and what is not claimed", async () => {
  const gap = {
    path: "queue",
    region: "eu-central-1",
    system: "jobs",
    probe: "amqp",
    reason: "no client",
  } as const;
  const report = aReport({
    verdicts: [aVerdict(), aVerdict({ ...aBreach, waiver: aWaiver }), aVerdict(anInconclusive)],
    gaps: [gap],
    notClaimed: [{ path: "cache", system: "sessions", probe: "tcp", reason: "the map asks only for tls" }],
    journalProblems: ["the chain is broken"],
  });
  const sheets = await sheetsOf(workbookOf(report));
  expect(Object.keys(sheets)).toEqual(["Summary", "Regions", "Attempts", "Gaps", "Not claimed", "Systems"]);
  expect(sheets.Attempts?.map(({ Grade }) => Grade)).toEqual(["contained", "breached", "inconclusive"]);
  expect(sheets.Attempts?.[1]).toMatchObject({ "Exception owner": "Payments team", Code: "28P01" });
  expect(sheets.Gaps?.map(({ Kind, Reason }) => [Kind, Reason])).toEqual([
    ["journal problem", "the chain is broken"],
    ["gap", "no client"],
  ]);
  expect(sheets["Not claimed"]).toHaveLength(1);
  expect(sheets.Systems?.[0]).toMatchObject({
    System: "orders-db",
    "Read by": "orders service, support staff",
  });
  expect(sheets.Regions?.[0]).toMatchObject({ Region: "eu-central-1", Planned: 3, Gaps: 1 });
});

test("the summary says the grade, the fidelity and its limits, because the file travels alone", async () => {
  const report = aReport({ limits: ["no cloud routing"], partial: true });
  const { Summary = [] } = await sheetsOf(workbookOf(report));
  const values = (what: string) => Summary.filter((row) => row.What === what).map(({ Value }) => Value);
  expect(values("Grade")).toEqual(["PASS"]);
  expect(values("Fidelity")[0]).toContain("not in the real cloud");
  expect(values("What it does not say")).toEqual(["no cloud routing"]);
  expect(values("Partial scope, no full proof")).toHaveLength(1);
  expect(values("What it claims")[0]).toContain("Does not establish");
  expect(values("Signing key of eu-central-1, SHA-256")).toEqual(["a1d4".repeat(16)]);
});

test("text stays text, because a far system's banner must not compute in an auditor's spreadsheet", async () => {
  for (const reason of ["=1+1", "+1", "-1", "@SUM(A1)", "1", "TRUE", "2026-01-01", "_x003D_1+1"]) {
    const bytes = workbookOf(aReport({ verdicts: [aVerdict({ reason })] }));
    const { Attempts } = await sheetsOf(bytes);
    expect(Attempts?.[0]?.Reason).toBe(reason);
    for (const [name, xml] of parts(bytes)) expect(xml, name).not.toMatch(/<f[ >/]/);
  }
});

test("every part is XML, with the head frozen and filters on every list", () => {
  for (const text of hostileTexts) {
    for (const [name, xml] of parts(workbookOf(aHostileReport(text)))) {
      expect(XMLValidator.validate(xml), name).toBe(true);
      if (!name.startsWith("xl/worksheets/")) continue;
      expect(xml).toContain('state="frozen"');
      expect(xml).toContain("<autoFilter");
    }
  }
});

test("hostile texts arrive as they are shown everywhere else, in their own cell", async () => {
  await fc.assert(
    fc.asyncProperty(
      hostile.filter((text) => text !== ""),
      async (text) => {
        const { Attempts } = await sheetsOf(workbookOf(aHostileReport(text)));
        expect(Attempts).toHaveLength(4);
        expect(Attempts?.[1]?.Reason).toBe(visible(text));
      },
    ),
    { numRuns: 50 },
  );
});

test("the same run makes the same bytes, because its digest is signed", () => {
  const report = aReport();
  expect(workbookOf(report)).toEqual(workbookOf(report));
});

test("an archive of more files than its format counts is refused, and nothing is packed before", () => {
  const files = Object.fromEntries(Array.from({ length: 65_536 }, (_, index) => [`f${index}`, ""]));
  expect(() => zip(files)).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringMatching(/65536 files/) }),
  );
});

test.each(["../x", "a/../../x", "/x", "a\\..\\x", "C:x", "a//x", "a/./x", "a\nb", ""])(
  "an archive has no file of the name %j, because it could leave its folder",
  (name) => {
    expect(() => zip({ [name]: "" })).toThrow(expect.objectContaining({ code: "EVIDENCE_INVALID" }));
  },
);
