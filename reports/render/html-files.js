import { runClaims, showFinding } from "./html-check.js";
import { digestOf, openBundle } from "./html-signature.js";

/** Compares files of the run with what was signed. `signed` gives the key and the statements that hold, or null. */
export function startFiles(box, { run, signed }) {
  const { files, folder } = box.querySelector("form").elements;
  const result = box.querySelector("#files-result");
  for (const input of [files, folder]) input.addEventListener("change", () => compare([...input.files]));
  // Anywhere else the browser would leave the page for the file.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    compare([...event.dataTransfer.files]);
  });

  async function compare(given) {
    if (given.length === 0) return;
    say("inconclusive", "Reading", []);
    const held = await signed();
    if (!held)
      return say("inconclusive", "Not compared", ["There is nothing signed to compare with: see above."]);
    const read = await Promise.all(given.map(readFile));
    const subjects = new Map(
      [...held.statements, ...(await runStatements(read, held.key))].flatMap(({ subject }) =>
        subject.map(({ name, digest }) => [name, digest.sha256]),
      ),
    );
    report(read, subjects, held);
  }

  async function readFile(file) {
    const path = file.webkitRelativePath || file.name;
    try {
      const bytes = await file.arrayBuffer();
      return { path, bytes, digest: await digestOf(bytes) };
    } catch {
      return { path, bytes: null, digest: null };
    }
  }

  /** The judge's statement of the whole run covers all files; it cannot be in a page, which is one of them. */
  async function runStatements(read, key) {
    const found = [];
    for (const { path, bytes } of read) {
      if (!bytes || !path.endsWith("evidence.sigstore.json")) continue;
      try {
        const statement = await openBundle(JSON.parse(new TextDecoder().decode(bytes)), key);
        if (statement.predicate[runClaims]?.runId === run) found.push(statement);
      } catch {
        // Compared like any other file.
      }
    }
    return found;
  }

  function report(read, subjects, { isNamed: byNamedKey }) {
    const asSigned = new Set();
    const wrong = [];
    let others = 0;
    for (const { path, digest } of read) {
      const names = [...subjects.keys()].filter((name) => isNamed(path, name));
      const same = names.find((name) => subjects.get(name) === digest);
      if (same !== undefined) asSigned.add(same);
      else if (digest === null) wrong.push(`${path} could not be read; choose a folder with the button.`);
      else if (names.length > 0) wrong.push(`${path} is not as it was signed.`);
      else others += 1;
    }
    const missing = [...subjects.keys()].filter((name) => !asSigned.has(name));
    const notes = [
      ...wrong,
      ...(missing.length > 0
        ? [
            `Not among them: ${missing.slice(0, 20).join(", ")}${missing.length > 20 ? ` and ${missing.length - 20} more` : ""}.`,
          ]
        : []),
      ...(others > 0
        ? [
            `${others} more ${others === 1 ? "is" : "are"} not covered by the statements at hand; evidence.sigstore.json of the run covers every file but keys.`,
          ]
        : []),
    ];
    if (!byNamedKey) notes.push("Whether that is by the judge’s key is still to be compared, above.");
    const isWhole = missing.length === 0 && byNamedKey;
    const state = wrong.length > 0 ? "breached" : isWhole ? "contained" : "inconclusive";
    say(state, `${asSigned.size} of ${subjects.size} files are as signed`, notes);
  }

  /** A path in the run's folder, wherever that lies; or a lone file, of which only the last name is known. */
  function isNamed(path, name) {
    if (path === name || path.endsWith(`/${name}`)) return true;
    return !path.includes("/") && name.endsWith(`/${path}`);
  }

  function say(state, heading, sentences) {
    showFinding(result, { state, heading, sentences });
  }
}
