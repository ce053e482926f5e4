import { readFile } from "node:fs/promises";
import { anyOf, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { ap, editFile, eu, us } from "./holes.ts";

const path = "configuration";
const probes = ["settings"];
const variables = "acme/workload.env";
const config = "acme/config.yaml";

export const drills: Drill[] = [
  {
    id: "configuration-site-unset",
    path,
    title: "DD_SITE is missing in the EU, so that the agent reports to its default, in the US",
    open: (tools, hole) => withVariable(tools, hole, { region: eu, name: "DD_SITE", value: null }),
    expects: inside(eu, probes),
  },
  {
    id: "configuration-llm-default",
    path,
    title: "OPENAI_BASE_URL is empty in Sydney, so that the global endpoint applies",
    open: (tools, hole) => withVariable(tools, hole, { region: ap, name: "OPENAI_BASE_URL", value: "" }),
    expects: inside(ap, probes),
  },
  {
    id: "configuration-llm-abroad",
    path,
    title: "OPENAI_BASE_URL of the EU names the US endpoint",
    open: (tools, hole) =>
      withVariable(tools, hole, {
        region: eu,
        name: "OPENAI_BASE_URL",
        value: "https://us.api.openai.com/v1",
      }),
    expects: inside(eu, probes),
  },
  {
    id: "configuration-model-anywhere",
    path,
    title: "the EU's workload names a model by its global inference profile",
    open: (tools, hole) =>
      withVariable(tools, hole, {
        region: eu,
        name: "BEDROCK_MODEL_ID",
        value: "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
      }),
    expects: inside(eu, probes),
  },
  {
    id: "configuration-database-abroad",
    path,
    title: "the connection string of the US workload names Sydney's database",
    open: (tools, hole) =>
      withVariable(tools, hole, {
        region: us,
        name: "ORDERS_DB_URL",
        value: `postgres://orders_app:hidden@orders-db.${ap}.replica.internal:5432/orders`,
      }),
    expects: inside(us, probes),
  },
  {
    id: "configuration-database-address",
    path,
    title: "a connection string of the EU names the US database by its address, among two hosts",
    open(tools, hole) {
      const far = tools.place(us, "orders-db").address[4];
      const value = `"host=orders-db.${eu}.replica.internal,${far} port=5432 dbname=orders"`;
      return withVariable(tools, hole, { region: eu, name: "REPORTING_DSN", value });
    },
    expects: inside(eu, probes),
  },
  {
    id: "configuration-region-abroad",
    path,
    title: "AWS_REGION of Sydney was copied from the US",
    open: (tools, hole) => withVariable(tools, hole, { region: ap, name: "AWS_REGION", value: us }),
    expects: inside(ap, probes),
  },
  {
    id: "configuration-bucket-abroad",
    path,
    title: "the US workload's bucket is the EU's",
    open: (tools, hole) =>
      editFile(hole, tools.fileOf(`${us}/app`, config), (text) =>
        text.replace(`acme-uploads-${us}`, `acme-uploads-${eu}`),
      ),
    expects: inside(us, probes),
  },
  {
    id: "configuration-dsn-abroad",
    path,
    title: "the EU's errors go to a Sentry organisation in the US",
    open: (tools, hole) =>
      withVariable(tools, hole, {
        region: eu,
        name: "SENTRY_DSN",
        value: "https://hidden@o4711.ingest.us.sentry.io/1",
      }),
    expects: inside(eu, probes),
  },
  {
    id: "configuration-wrong-file",
    path,
    title: "the EU's settings were deployed in the US, and Sydney's in the EU",
    async open(tools, hole) {
      const text = (region: string) => readFile(tools.fileOf(`${region}/app`, variables), "utf8");
      const [ofEu, ofSydney] = [await text(eu), await text(ap)];
      await editFile(hole, tools.fileOf(`${us}/app`, variables), () => ofEu);
      await editFile(hole, tools.fileOf(`${eu}/app`, variables), () => ofSydney);
    },
    expects: anyOf(inside(us, probes), inside(eu, probes)),
  },
];

/** Sets a variable of a region's workload; null takes it away. */
async function withVariable(
  tools: DrillTools,
  hole: Hole,
  { region, name, value }: { region: string; name: string; value: string | null },
): Promise<void> {
  await editFile(hole, tools.fileOf(`${region}/app`, variables), (text) => {
    const others = text.split("\n").filter((line) => !line.startsWith(`${name}=`));
    return value === null ? others.join("\n") : [`${name}=${value}`, ...others].join("\n");
  });
}
