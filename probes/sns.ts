import { explainAws } from "./aws-client.ts";
import { inside } from "./checks.ts";
import { defineProbe } from "./probe.ts";
import { SnsEndpoint } from "./sns-endpoint.ts";
import { lookInside } from "./sns-inside.ts";
import { publish } from "./sns-publish.ts";

/** Topics. SNS is a public endpoint: authorization must stop the attempt. Error codes: Amazon SNS API Reference.
 *  NotFound proves nothing, as with queues. */
export const sns = defineProbe({
  kind: "sns",
  endpoint: SnsEndpoint,
  stopBy: "authorization",
  checks: [
    {
      probe: "sns-publish",
      family: "send",
      routes: ["name"],
      credentials: ["own", "target"],
      goal: "authorization",
      contacts: "target",
      proves: "nothing can be published to the far region's topic",
    },
    {
      ...inside,
      probe: "sns-links",
      looksFor: "links",
      namesHosts: true,
      family: "stray",
      proves: "no subscription of the own topics leads abroad, and their policies let nobody in from there",
    },
    {
      ...inside,
      probe: "sns-wiring",
      looksFor: "place",
      family: "wiring",
      proves: "the own topic is in the own region",
    },
  ],
  prepare: () => import("@aws-sdk/client-sns"),
  contact: (endpoint) => endpoint,
  run: (context) => (context.item.probe === "sns-publish" ? publish(context) : lookInside(context)),
  explain: (error, ladder) => explainAws(error, ladder),
});
