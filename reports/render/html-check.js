import { startFiles } from "./html-files.js";
import { digestOf, openBundle, readKey } from "./html-signature.js";

const regionClaims = "urn:ringfence:region:v1";
export const runClaims = "urn:ringfence:run:v1";

/** What is wrong with this page, in words; and the statements that it carries, where a key signed them. */
async function examine(form, carrier, key) {
  const { page, run } = carrier.dataset;
  const regions = JSON.parse(carrier.dataset.regions);
  const { bundles } = JSON.parse(carrier.textContent);
  const digest = await digestOf(new TextEncoder().encode(form));
  const problems = new Set();
  const statements = [];
  if (bundles.length !== regions.length)
    problems.add(`It carries ${bundles.length} statements, and ${regions.length} regions were judged.`);
  for (const [index, region] of regions.slice(0, bundles.length).entries()) {
    try {
      const statement = await openBundle(bundles[index], key);
      const claims = statement.predicate[regionClaims];
      statements.push(statement);
      if (claims.region !== region || claims.runId !== run)
        problems.add(
          `It carries the statement of ${claims.region} in run ${claims.runId}, in place of that of ${region} in run ${run}.`,
        );
      else if (claims.pages[page] !== digest)
        problems.add(
          "It is not as it was signed: words, rows, numbers or what hides them were changed, or an extension of this browser did that.",
        );
    } catch (error) {
      problems.add(`${region}: ${error.message}.`);
    }
  }
  return { problems: [...problems], statements };
}

/** Says what this browser finds, and once the reader has named a key, whether the page holds for it. */
export function startCheck(form) {
  const box = document.querySelector("#check");
  const carrier = document.querySelector("#statement");
  if (!box || !carrier) return;
  box.hidden = false;
  const asked = box.querySelector("form");
  let turn = 0;
  let held = null;

  function say(state, heading, ...sentences) {
    showFinding(box.querySelector("#check-result"), { state, heading, sentences });
    const alarm = document.querySelector("#alarm");
    alarm.hidden = state !== "breached";
    alarm.textContent = state === "breached" ? `✕ ${heading}. ${sentences.join(" ")}` : "";
  }

  async function check() {
    turn += 1;
    const mine = turn;
    held = null;
    const [file] = asked.elements.key.files;
    const typed = asked.elements.fingerprint.value.replace(/[\s:]/g, "").toLowerCase();
    const outcome = await judge(file, typed).catch((error) => [
      "inconclusive",
      "Not checked",
      `${error.message}.`,
    ]);
    if (mine === turn) say(...outcome);
  }

  async function judge(file, typed) {
    if (!globalThis.crypto?.subtle)
      throw new Error("This browser offers this page no cryptography: open it from a disk or over HTTPS");
    const carried = carrier.textContent === "" ? null : JSON.parse(carrier.textContent);
    if (!carried) throw new Error("This page carries no statement, so nobody has signed it");
    if (carried.bundles.some((bundle) => bundle.verificationMaterial.certificate))
      throw new Error(
        "Its statement is signed for an identity, and this page cannot judge certificates: use ringfence verify",
      );
    const pem = file ? await file.text() : carried.publicKey;
    if (!pem) throw new Error("Choose the judge’s public key");
    const key = await readKey(pem);
    const { problems, statements } = await examine(form, carrier, key);
    if (problems.length > 0) return ["breached", "Does not hold", ...problems];
    if (typed !== "" && !/^[0-9a-f]{64}$/.test(typed))
      return ["inconclusive", "Not established", "A fingerprint has 64 hexadecimal digits."];
    if (typed !== "" && typed !== key.fingerprint)
      return [
        "breached",
        "Does not hold for the fingerprint that you gave",
        `It is signed by the key ${key.fingerprint}.`,
      ];
    held = { key, statements, isNamed: Boolean(file) || typed !== "" };
    if (held.isNamed)
      return [
        "contained",
        "Holds for your key",
        `This page is as the owner of the key ${key.fingerprint} signed it.`,
      ];
    return [
      "inconclusive",
      "Not established",
      `This page is as it was signed, by the key ${key.fingerprint}.`,
      "Whether that is the judge’s key, only the judge can say. Compare it with what they told you elsewhere.",
    ];
  }

  let checked = check();
  const again = () => {
    checked = check();
  };
  asked.elements.fingerprint.addEventListener("input", again);
  asked.elements.key.addEventListener("change", again);
  asked.addEventListener("submit", (event) => event.preventDefault());
  startFiles(box, {
    run: carrier.dataset.run,
    async signed() {
      await checked;
      return held;
    },
  });
}

/** A mark, what it is said of, and why; as text only. */
export function showFinding(place, { state, heading, sentences }) {
  const mark = document.createElement("span");
  mark.className = `mark ${state}`;
  mark.textContent = `${{ contained: "✓", inconclusive: "?", breached: "✕" }[state]} ${heading}`;
  const list = document.createElement("ul");
  for (const sentence of sentences) {
    const line = document.createElement("li");
    line.textContent = sentence;
    list.append(line);
  }
  place.replaceChildren(mark, ...(sentences.length > 0 ? [list] : []));
}
