import { expect, test } from "vitest";
import type { Drill } from "../core/drill.ts";
import type { RealEnvironment } from "../environments/driver.ts";
import { type DrillGround, runDrill } from "../scripts/drill-run.ts";

const drill: Drill = {
  id: "database-none",
  path: "database",
  title: "none",
  open: async () => {},
  expects: () => true,
};
const real = { fidelity: "real", name: "aws" } as RealEnvironment;

test("a drill against a real region does not compile, and is refused when it is forced to run", async () => {
  const signal = new AbortController().signal;
  // @ts-expect-error only a replica can be drilled; if this line compiles, `npm run types` fails
  const ground: DrillGround = { environment: real, map: {} as never, kinds: [], directory: "", signal };
  await expect(runDrill(ground, drill)).rejects.toMatchObject({ code: "USAGE" });
});
