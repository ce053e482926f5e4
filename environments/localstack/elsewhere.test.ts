import { expect, test } from "vitest";
import { neighbours } from "./elsewhere.ts";

test("every leg in a network of the runner's is tried, though all of its region's containers have one there", () => {
  const runner = { networks: { us: ["10.20.0.40"] } };
  const database = { networks: { eu: ["10.10.0.10"], us: ["10.20.0.2", "fd10:20::2"] } };
  expect(neighbours(database, runner)).toEqual([{ address: "10.20.0.2" }, { address: "fd10:20::2" }]);
});

test("a leg elsewhere is not within reach", () => {
  expect(neighbours({ networks: { eu: ["10.10.0.10"] } }, { networks: { us: ["10.20.0.40"] } })).toEqual([]);
});
