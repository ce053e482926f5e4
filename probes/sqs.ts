import { explainAws } from "./aws-client.ts";
import { inside } from "./checks.ts";
import { defineProbe } from "./probe.ts";
import { SqsEndpoint } from "./sqs-endpoint.ts";
import { lookInside } from "./sqs-inside.ts";
import { receive, send } from "./sqs-messages.ts";

/** Standard queues. SQS is a public endpoint: authorization must stop the attempt. Error codes: Amazon SQS API
 *  Reference. NonExistentQueue proves nothing: SQS says it to those, too, who may not know. */
export const sqs = defineProbe({
  kind: "sqs",
  endpoint: SqsEndpoint,
  stopBy: "authorization",
  checks: [
    {
      probe: "sqs-receive",
      family: "trespass",
      routes: ["name", "address"],
      credentials: ["own", "target"],
      goal: "data",
      contacts: "target",
      proves: "no worker here picks up a job of the far region",
    },
    {
      probe: "sqs-send",
      family: "send",
      routes: ["name"],
      credentials: ["own", "target"],
      goal: "authorization",
      contacts: "target",
      proves: "no job can be put into the far queue",
    },
    {
      ...inside,
      probe: "sqs-stray",
      looksFor: "canaries",
      family: "stray",
      perOtherRegion: true,
      proves: "no canary of another region in the own queue or its dead letters",
    },
    {
      ...inside,
      probe: "sqs-links",
      looksFor: "links",
      family: "stray",
      proves: "the own queue's settings let nobody in from abroad, and send nothing there",
    },
    {
      ...inside,
      probe: "sqs-wiring",
      looksFor: "place",
      family: "wiring",
      proves: "the own queue is in the own region",
    },
  ],
  prepare: () => import("@aws-sdk/client-sqs"),
  contact: (endpoint) => endpoint,
  run(context) {
    switch (context.item.probe) {
      case "sqs-receive":
        return receive(context);
      case "sqs-send":
        return send(context);
      default:
        return lookInside(context);
    }
  },
  explain: (error, ladder) => explainAws(error, ladder),
});
