import { expect, test } from "vitest";
import { aMap, aSystem, outwardKinds } from "../core/a-trial.ts";
import { planAttempts } from "../core/plan.ts";
import type { Probe } from "../probes/probe.ts";
import { tcp } from "../probes/tcp.ts";
import type { FromRegion, Stage } from "./job.ts";
import { Observer } from "./observer.ts";

const [kind] = outwardKinds;

test("a receiver is asked when every region's closing controls are done, for they may send to it", async () => {
  if (!kind) throw new TypeError("nothing is sent outward");
  const map = aMap({ regions: ["eu"], systems: [aSystem({ id: "mouth", kind: kind.kind })] });
  const plan = planAttempts(map, [kind], { environment: "replica", outside: true });
  const seen: string[] = [];
  const probe: Probe = {
    ...tcp,
    kind: kind.kind,
    contact: () => ({ host: "127.0.0.1", port: 1 }),
    run: async () => ({ outcome: { kind: "reached", rung: "tls" } }),
    async arrivals() {
      seen.push("asked");
      return [];
    },
  };
  const line = {
    send: (message: FromRegion) => void (message.type === "done" && seen.push(message.stage)),
    receive: async (after: Stage) => ({ type: "go" as const, after, reports: {} }),
  };
  const region = "outside";
  await new Observer(
    { runId: "a-run", region, version: "0.0.0", map, plan, planted: {} },
    [probe],
    line,
  ).observe();
  expect(seen).toEqual(["controls-before", "attempts", "controls-after", "asked", "finished"]);
});
