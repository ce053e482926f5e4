import { type Drill, sending } from "../core/drill.ts";
import { admit, allow, ap, between, carry, eu, us } from "./holes.ts";

const path = "telemetry";

export const drills: Drill[] = [
  {
    id: "telemetry-us-site",
    path,
    title: "the EU's allow-list holds Datadog's US site, which is what an SDK uses that nobody configured",
    open: (tools, hole) => allow(tools, hole, { region: eu, host: "datadoghq.com", family: 4 }),
    expects: sending(eu, { system: "logs", to: [us], probes: ["vendor"], family: 4 }),
  },
  {
    id: "telemetry-browser-intake",
    path,
    title: "Sydney's allow-list holds the US intake of the browser SDK, under a name of its own",
    open: (tools, hole) =>
      allow(tools, hole, { region: ap, host: "browser-intake-datadoghq.com", family: 6 }),
    expects: sending(ap, { hosts: ["browser-intake-datadoghq.com"], probes: ["vendor"], family: 6 }),
  },
  {
    id: "telemetry-proxy-wildcard",
    path,
    title: "the EU's proxy carries to *.datadoghq.com, which is every site but the EU's",
    open: (tools, hole) => carry(tools, hole, eu, "*.datadoghq.com"),
    expects: sending(eu, {
      system: "logs",
      to: [ap],
      hosts: [".datadoghq.com"],
      probes: ["vendor-proxy"],
      route: "name",
    }),
  },
  {
    id: "telemetry-old-dsn",
    path,
    title: "the EU's allow-list still holds the host of an old Sentry DSN",
    open: (tools, hole) => allow(tools, hole, { region: eu, host: "o4501.ingest.sentry.io", family: 4 }),
    expects: sending(eu, { hosts: ["o4501.ingest.sentry.io"], probes: ["vendor"], family: 4 }),
  },
  {
    id: "telemetry-all-https",
    path,
    title: "the border lets Sydney reach any web site over IPv6",
    open: (tools, hole) => admit(tools, hole, `ip6 saddr fd10:30::/48 oifname "world" tcp dport 443 accept`),
    expects: sending(ap, { probes: ["vendor"], family: 6 }),
  },
  {
    id: "telemetry-statsd",
    path,
    title: "the border admits StatsD from the EU to the US collector, over UDP alone",
    open: (tools, hole) => admit(tools, hole, `${between(eu, us, 4)} udp dport 8125 accept`),
    expects: sending(eu, { system: "metrics", to: [us], family: 4 }),
  },
  {
    id: "telemetry-syslog",
    path,
    title: "one syslog server is to have everybody's logs: Sydney's datagrams reach the EU's over IPv6",
    open: (tools, hole) => admit(tools, hole, `${between(ap, eu, 6)} udp dport 514 accept`),
    expects: sending(ap, { system: "syslog", to: [eu], family: 6 }),
  },
  {
    id: "telemetry-statsd-sampled",
    path,
    title: "a broken rule lets one datagram in three from the US reach the EU's collector",
    open: (tools, hole) =>
      admit(tools, hole, `${between(us, eu, 4)} udp dport 8125 numgen inc mod 3 == 0 accept`),
    expects: sending(us, { system: "metrics", to: [eu], family: 4 }),
    atLeastOne: true,
  },
];
