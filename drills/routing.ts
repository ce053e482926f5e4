import { anyOf, crossing, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { ap, eu, us } from "./holes.ts";

const path = "routing";
const system = "data-plane";
const hostOf = (region: string) => `app.${region}.acme.example`;
const profileOf = (region: string) => `/tenants/canary-${region}/profile`;

export const drills: Drill[] = [
  {
    id: "routing-forwarded",
    path,
    title: "the US data plane sends requests for EU tenants on to the EU, and hands out the answer",
    open: (tools, hole) => configure(tools, hole, us, { forwards: true }),
    expects: inside(us, ["https-tenant", "https-log"]),
  },
  {
    id: "routing-token-accepted",
    path,
    title: "the US data plane accepts sessions that the EU signed",
    open: (tools, hole) => configure(tools, hole, us, { trusts: [hostOf(eu)] }),
    expects: crossing(eu, us, { probes: ["https-session"] }),
  },
  {
    id: "routing-one-signing-key",
    path,
    title: "Sydney's data plane accepts the sessions of every region: one signing key for all",
    open: (tools, hole) => configure(tools, hole, ap, { trusts: [hostOf(eu), hostOf(us)] }),
    expects: anyOf(
      crossing(eu, ap, { probes: ["https-session"] }),
      crossing(us, ap, { probes: ["https-session"] }),
    ),
  },
  {
    id: "routing-cookie-domain",
    path,
    title: "Sydney's session cookie is for the whole of acme.example",
    open: (tools, hole) => configure(tools, hole, ap, { cookieDomain: "acme.example" }),
    expects: inside(ap, ["https-cookie"]),
  },
  {
    id: "routing-cookie-of-another",
    path,
    title: "the EU's session cookie is set for the US's host, by a domain copied from there",
    open: (tools, hole) => configure(tools, hole, eu, { cookieDomain: `.${hostOf(us)}` }),
    expects: inside(eu, ["https-cookie"], { about: us }),
  },
  {
    id: "routing-body-logged",
    path,
    title: "debug logging in the EU writes the bodies of requests that it then turns away",
    open: (tools, hole) => configure(tools, hole, eu, { logsBodies: true }),
    expects: inside(eu, ["https-log"]),
  },
  {
    id: "routing-directory-data",
    path,
    title: "the routing table that every region has carries a profile of an EU tenant",
    async open(tools, hole) {
      const note = { directoryNotes: { [`canary-${eu}`]: await profile(tools, eu) } };
      for (const region of [eu, us, ap]) await configure(tools, hole, region, note);
    },
    expects: anyOf(
      inside(us, ["https-directory"], { about: eu }),
      inside(ap, ["https-directory"], { about: eu }),
    ),
  },
  {
    id: "routing-stale-copy",
    path,
    title: "Sydney still keeps and serves the profile of a tenant that moved to the US",
    async open(tools, hole) {
      const target = profileOf(us);
      hole.closeBy(() => tools.http(ap, system, { method: "DELETE", path: target }));
      await tools.http(ap, system, { method: "PUT", path: target, body: await profile(tools, us) });
    },
    expects: inside(ap, ["https-tenant"], { about: us }),
  },
  {
    id: "routing-telling-redirect",
    path,
    title:
      "the EU data plane redirects unknown sessions to a login page, with the tenant's profile in the link",
    open: (tools, hole) => configure(tools, hole, eu, { loginAt: `https://${hostOf(us)}` }),
    expects: anyOf(
      crossing(us, eu, { probes: ["https-session"] }),
      crossing(ap, eu, { probes: ["https-session"] }),
    ),
  },
];

async function profile(tools: DrillTools, region: string): Promise<unknown> {
  return JSON.parse(await tools.http(region, system, { method: "GET", path: profileOf(region) }));
}

/** Whatever is not named goes back to what was deployed. */
async function configure(tools: DrillTools, hole: Hole, region: string, settings: object): Promise<void> {
  const set = (body: object) => tools.http(region, system, { method: "PUT", path: "/settings", body });
  hole.closeBy(() => set({}));
  await set(settings);
}
