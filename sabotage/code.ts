import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../environments/node-script.ts";
import { type Context, crossing, everything, far, home, kinds, resultOf, type Sabotage } from "./record.ts";

import { atStage } from "./relay.ts";

/** What no process of a region runs. */
const left = [".cache", ".git", "docs", "node_modules", "reports/out", "tests"].map((name) =>
  join(projectRoot, name),
);

/** A copy of this project, to be sabotaged. What it is built from is shared. */
function copyOfProject({ folder }: Context): string {
  const to = folder();
  cpSync(projectRoot, to, { recursive: true, filter: (file) => !left.includes(file) });
  symlinkSync(join(projectRoot, "node_modules"), join(to, "node_modules"));
  return to;
}

const missing: Sabotage = {
  id: "code/probe-file-deleted/redis",
  kind: "redis",
  title: "the probe's file deleted from what the regions run",
  async run(context) {
    const project = copyOfProject(context);
    for (const file of readdirSync(join(project, "probes")).filter((name) => name.startsWith("redis")))
      rmSync(join(project, "probes", file));
    const judged = await context.prove({ kind: "redis", project });
    return resultOf(judged.judgement, everything);
  },
};

const filtered = [
  ...kinds.map(
    (kind): Sabotage => ({
      id: `code/filtered-out/${kind}`,
      kind,
      title: "all attempts but one direction filtered out by -t",
      async run({ prove }) {
        const judged = await prove({ kind, only: `${home} to ${far}` });
        return resultOf(judged.judgement, ({ item }) => item.from.region !== home);
      },
    }),
  ),
  {
    id: "code/filtered-nothing-left/redis",
    kind: "redis" as const,
    title: "every attempt filtered out by -t",
    async run({ prove }: Context) {
      const judged = await prove({ kind: "redis", only: "no attempt has this name" });
      return resultOf(judged.judgement, everything);
    },
  },
];

/** What a probe does instead of an attempt abroad; its controls stay as they are. */
const misdeeds = {
  throws: { title: "a probe that throws", code: 'throw new Error("sabotage");' },
  "throws-undefined": { title: "a probe that throws nothing at all", code: "throw undefined;" },
  hangs: { title: "a probe that hangs past every deadline", code: "return new Promise(() => {});" },
  blocks: {
    title: "a probe that blocks its process for 3 s",
    code: "const until = Date.now() + 3000; while (!globalThis.blocked && Date.now() < until); globalThis.blocked = true; return new Promise(() => {});",
  },
  nothing: { title: "a probe that returns nothing", code: "return undefined;" },
  "unknown-kind": {
    title: "a probe that returns an outcome the schema does not know",
    code: 'return { outcome: { kind: "contained" } };',
  },
  "unknown-rung": {
    title: "a probe that returns a rung the schema does not know",
    code: 'return { outcome: { kind: "refused", rung: "firewall", code: "NO" } };',
  },
  "silent-at-once": {
    title: "a probe that says silence without waiting for it",
    code: 'return { outcome: { kind: "silent", rung: "network" } };',
  },
  "silent-unsent": {
    title: "a probe that waits, and never sent anything",
    code: 'await new Promise((done) => setTimeout(done, context.item.deadlineMs - 5)); return { outcome: { kind: "silent", rung: "network" } };',
  },
  exits: { title: "a probe that ends its process", code: "process.exit(0);" },
} as const;

/** Puts a wrapper around every probe of the copy. */
function misbehaving(context: Context, code: string): string {
  const project = copyOfProject(context);
  const catalog = join(project, "probes", "catalog.ts");
  renameSync(catalog, join(project, "probes", "real-catalog.ts"));
  writeFileSync(
    catalog,
    `import { loadProbes as load } from "./real-catalog.ts";
async function misbehave(context: any): Promise<any> { ${code} }
export async function loadProbes(kinds: ReadonlySet<string>) {
  const probes = await load(kinds);
  return probes.map((probe: any) => ({
    ...probe,
    run: (context: any) =>
      context.item.from.region === context.item.to.region ? probe.run(context) : misbehave(context),
  }));
}
`,
  );
  return project;
}

const misbehaved = Object.entries(misdeeds).flatMap(([id, { title, code }]) =>
  (id === "throws" || id === "hangs" ? kinds : (["redis"] as const)).map(
    (kind): Sabotage => ({
      id: `code/probe-${id}/${kind}`,
      kind,
      title,
      async run(context) {
        const judged = await context.prove({ kind, project: misbehaving(context, code) });
        return resultOf(judged.judgement, crossing);
      },
    }),
  ),
);

/** What is done to the observer itself. */
const misobserved = (
  [
    [
      "attempts-swallowed",
      "an observer that is done with an attempt without making it",
      "Observer.prototype.attempt = async () => [];",
    ],
    [
      "attempts-fail",
      "an observer that fails at every attempt",
      'Observer.prototype.attempt = async () => { throw new Error("sabotage"); };',
    ],
    [
      "attempts-uncaught",
      "an error that nobody catches, thrown during the attempts",
      'Observer.prototype.attempt = async () => { setTimeout(() => { throw new Error("sabotage"); }); return []; };',
    ],
  ] as const
).map(
  ([id, title, line]): Sabotage => ({
    id: `code/${id}/redis`,
    kind: "redis",
    title,
    async run(context) {
      const project = copyOfProject(context);
      appendFileSync(join(project, "observer", "observer.ts"), `\n${line}\n`);
      const judged = await context.prove({ kind: "redis", project });
      return resultOf(judged.judgement, everything);
    },
  }),
);

/** A copy of this project in which one constant is another. */
function withConstant(context: Context, file: string, [name, value]: readonly [string, number]): string {
  const project = copyOfProject(context);
  const path = join(project, file);
  const text = readFileSync(path, "utf8");
  const altered = text.replace(new RegExp(`(const ${name} = )\\d+`), `$1${value}`);
  if (altered === text) throw new Error(`${name} is written elsewhere than in ${file}`);
  writeFileSync(path, altered);
  return project;
}

const tooShortMs = 200;

/** Else four times a slow control would be patience enough, and its silence rightly count. An S3 refusal that
 *  came in time is a refusal, however short the deadline; silence is what needs time. */
const impatient = (["postgres", "redis", "tcp"] as const).map(
  (kind): Sabotage => ({
    id: `code/impatient/${kind}`,
    kind,
    title: `attempts that wait ${tooShortMs} ms, before the second SYN, however slow the controls were`,
    async run(context) {
      const project = withConstant(context, "observer/patience.ts", ["patience", 0]);
      const map = { ...context.mapOf(kind), attempts: { deadlineMs: tooShortMs } };
      const judged = await context.prove({ kind, project, map });
      return resultOf(judged.judgement, crossing);
    },
  }),
);

/** Long enough for a control that uses its link at once, not for a barrier that is held. */
const shortLifetimeSeconds = 1;
const heldMs = 2500;

const expiredLink: Sabotage = {
  id: "credentials/expired-link/s3",
  kind: "s3",
  title: "the link signed at home expired before anybody abroad tried it",
  async run(context) {
    const project = withConstant(context, "probes/s3-client.ts", [
      "linkLifetimeSeconds",
      shortLifetimeSeconds,
    ]);
    const held = () => new Promise<void>((done) => setTimeout(done, heldMs));
    const judged = await context.prove({
      kind: "s3",
      project,
      wrap: (_region, child) => atStage(child, "controls-before", held),
    });
    return resultOf(
      judged.judgement,
      (verdict) => crossing(verdict) && verdict.item.probe === "s3-presigned",
    );
  },
};

export const code: readonly Sabotage[] = [
  missing,
  ...filtered,
  ...misbehaved,
  ...misobserved,
  ...impatient,
  expiredLink,
];
