import { expect, test } from "vitest";
import { aRun, aMap, aSystem, aTrial, canaryOf, kinds, reached, refusedAt, silentAt, verdictOn, damaged, addressIn, asPromised } from "./a-trial.ts";
import { judge } from "./judge.ts";
import { planAttempts } from "./plan.ts";
const own = canaryOf("eu");
test("A name-refusal hidden by earlier contained try", () => {
  const a = verdictOn(aTrial({ attempt: [refusedAt("name","ENOTFOUND"), silentAt("network")] })).grade;
  const b = verdictOn(aTrial({ attempt: [silentAt("network"), refusedAt("name","ENOTFOUND")] })).grade;
  console.log("A", a, b);
});
test("B two journals of one region", () => {
  const good = aTrial(); const bad = damaged(good, "eu", (l) => l.slice(0,-1));
  const eb = bad.journals.filter(j=>j.region==="eu");
  console.log("B", judge(good.plan, good.map, [...good.journals, ...eb]).grade, judge(good.plan, good.map, [...eb, ...good.journals]).grade);
});
test("C stray: far planted nothing / far journal missing", () => {
  const t = aTrial({ probe: "stray", planted: { us: {} } });
  console.log("C", verdictOn(t).grade, judge(t.plan,t.map,t.journals.filter(j=>j.region==="eu")).grade);
});
test("D links without canaries, reached short", () => {
  console.log("D", verdictOn(aTrial({ probe: "links", findings: { links: [] } })).grade, verdictOn(aTrial({ probe: "links", findings: { links: [] }, attempt: reached("network") })).grade);
  console.log("D2", verdictOn(aTrial({ probe: "stray", findings: { } })).grade, verdictOn(aTrial({probe:"wiring", findings:{servedFrom:{addresses:[]}}})).grade);
  console.log("D3", verdictOn(aTrial({ probe: "stray", findings: {canaries:[own]}, attempt: reached("network") })).grade);
});
test("E late with other address", () => {
  console.log("E", verdictOn(aTrial({ late: {address: "10.20.0.99", rung: "network"} })).grade, verdictOn(aTrial({ late: {address: null, rung: "network"} })).grade);
});
test("F twin of other family", () => {
  const map = aMap({ regions: ["eu","us"], systems: [aSystem({id:"a", home:"eu", addressFamilies:[4]}), aSystem({id:"b", home:"us", addressFamilies:[4,6]})] });
  const plan = planAttempts(map, kinds, {environment:"x"});
  const ids = new Set(plan.items.map(i=>i.id));
  console.log("F", plan.items.filter(i=>i.twin && !ids.has(i.twin)).map(i=>[i.id,i.twin]), plan.gaps);
});
test("G late own-canary? attempt reached authorization w/o canary fine", () => {});
test("perf", () => {
  for (const n of [250, 500, 1000]) {
    const map = aMap({ regions: ["eu","us"], systems: Array.from({length:n},(_, i)=>aSystem({id:`s-${i}`})) });
    let t=performance.now(); const plan = planAttempts(map, kinds, {environment:"x"}); const tp=performance.now()-t;
    t=performance.now(); const run = aRun({plan,map}); const tr=performance.now()-t;
    t=performance.now(); const j=judge(plan,map,run.journals); const tj=performance.now()-t;
    console.log("perf", n, plan.items.filter(i=>i.role==="attempt").length, {tp,tr,tj}, j.grade);
  }
});
test("waived+self", ()=>{
  console.log("dup planted", asPromised.length, addressIn("eu"), expect);
});
