import { expect, test } from "vitest";
import { aMap, aSystem, kinds } from "../core/a-trial.ts";
import { planAttempts } from "../core/plan.ts";
import type { Probe } from "../probes/probe.ts";
import { tcp } from "../probes/tcp.ts";
import { arrivalsAt } from "./receivers.ts";

const sinks = [
  aSystem({ id: "metrics", kind: "sink", endpoint: { host: "metrics.{region}.internal" } }),
  aSystem({ id: "logs", kind: "sink", endpoint: { host: "logs.{region}.internal" } }),
  aSystem({ id: "alerts", kind: "sink", home: "us", endpoint: { host: "alerts.us.internal" } }),
  aSystem(),
];
const map = aMap({ regions: ["eu", "us"], systems: sinks });
const plan = planAttempts(map, kinds, { environment: "replica" });
const job = { runId: "a-run", region: "eu", version: "0.0.0", map, plan, planted: {} };
const arrival = { token: "0".repeat(32), from: "10.20.0.5", at: "2026-11-22T12:00:00Z" };

test("each receiver of the own region is asked, and one that does not answer says nothing", async () => {
  const asked: unknown[] = [];
  const probe: Probe = {
    ...tcp,
    kind: "sink",
    async arrivals({ host }) {
      asked.push(host);
      if (String(host).startsWith("logs")) throw new Error("no answer");
      return [arrival];
    },
  };
  const neither: Probe = {
    ...tcp,
    kind: "store",
    arrivals: () => Promise.reject(new Error("not a receiver")),
  };
  const said = await arrivalsAt(job, [neither, probe]);
  expect(asked.sort()).toEqual(["logs.eu.internal", "metrics.eu.internal"]);
  expect([...said]).toEqual([["metrics", { at: expect.any(String), arrivals: [arrival] }]]);
});

test("it says when it was asked, and not when it answered: what came in between it may not have seen", async () => {
  const begun = Date.now();
  const slow: Probe = {
    ...tcp,
    kind: "sink",
    arrivals: () => new Promise((done) => setTimeout(() => done([]), 60)),
  };
  const said = await arrivalsAt({ ...job, map: { ...map, systems: sinks.slice(0, 1) } }, [slow]);
  expect(Date.parse(said.get("metrics")?.at ?? "")).toBeLessThan(begun + 50);
});
