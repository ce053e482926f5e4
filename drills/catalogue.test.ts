import { describe, expect, test } from "vitest";
import type { AnyTools, EnvironmentDriver } from "../environments/driver.ts";
import { driver as localstack } from "../environments/localstack/driver.ts";
import { readMapFile } from "../environments/map-file.ts";
import { driver as replica } from "../environments/replica/driver.ts";
import { loadProbes } from "../probes/catalog.ts";
import { knownScore } from "../scripts/drill-score.ts";
import { planFor } from "../scripts/planning.ts";
import { loadDrills } from "./catalogue.ts";

const kinds = await loadProbes();

describe.each([
  { driver: replica as EnvironmentDriver, atLeast: 40 },
  { driver: localstack as EnvironmentDriver, atLeast: 15 },
])("the drills of $driver.name", async ({ driver, atLeast }) => {
  const drills = await loadDrills<AnyTools>(driver.drills ?? "");
  const { map } = readMapFile(driver.mapFile, { kinds, today: "2026-11-22" });
  const attempts = planFor(map, kinds, { environment: driver.name, outside: driver.outside }).items.filter(
    ({ role }) => role === "attempt",
  );

  test(`are at least ${atLeast}, and at least three for each leak path of its map`, () => {
    expect(drills.length).toBeGreaterThanOrEqual(atLeast);
    const paths = new Set(map.systems.map(({ path }) => path));
    const few = [...paths].filter((path) => drills.filter((drill) => drill.path === path).length < 3);
    expect(few).toEqual([]);
    expect(drills.filter(({ path }) => !paths.has(path))).toEqual([]);
  });

  test("every drill has an id of its own that names its leak path, so that `--id` means one", () => {
    expect(new Set(drills.map(({ id }) => id)).size).toBe(drills.length);
    for (const { id, path } of drills) expect(id).toMatch(new RegExp(`^${path}-`));
  });

  test.each(drills.map((drill) => [drill.id, drill] as const))(
    "%s expects some attempts of its path and not all of them, or it could not fail",
    (_id, drill) => {
      const ofPath = attempts.filter(({ path }) => path === drill.path);
      const expected = ofPath.filter(drill.expects);
      expect(expected.length).toBeGreaterThan(0);
      expect(expected.length).toBeLessThan(ofPath.length);
    },
  );

  test("the recorded score is of these very drills, and every one was caught (else: `ringfence drill --record`)", () => {
    expect(knownScore(driver.drills)).toMatchObject({ caught: drills.length, planned: drills.length });
  });
});
