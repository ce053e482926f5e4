import { expect, test } from "vitest";
import { secretLookup } from "../probes/probe.ts";
import { toldWhenMissing } from "./missing.ts";

test("a credential that is missing is told once, by its reference, and still fails whoever asks", () => {
  const told: string[] = [];
  const lookUp = toldWhenMissing(
    secretLookup({ THERE: "value", EMPTY: " " }, () => {
      throw new Error("no such file");
    }),
    (reference) => told.push(reference),
  );
  expect(lookUp("env:THERE")).toBe("value");
  for (const reference of ["env:GONE", "env:GONE", "env:EMPTY", "file:/run/secrets/gone"])
    expect(() => lookUp(reference)).toThrow(expect.objectContaining({ code: "CREDENTIAL_MISSING" }));
  expect(told).toEqual(["env:GONE", "env:EMPTY", "file:/run/secrets/gone"]);
});
