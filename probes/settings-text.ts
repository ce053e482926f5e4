import { parse as parseYaml } from "yaml";

/** One value of a configuration, under its whole name ("telemetry.datadog.site"). */
export interface Setting {
  name: string;
  value: string;
}

const mostSettings = 20_000;
const deepest = 30;

/** Reads what workloads are configured by: `NAME=value` lines, with `export` or sections or without, the
 *  zero-separated environment of a process, JSON, and YAML; and JSON within a value. A line that is none of
 *  it is a value without a name. Throws UNREADABLE_SETTINGS, and SEARCH_TRUNCATED at more than anybody sets. */
export function readSettings(text: string, file: string): Setting[] {
  const all = topSettings(text, file).flatMap(nested);
  if (all.length > mostSettings) throw truncated();
  return all;
}

function topSettings(text: string, file: string): Setting[] {
  const format =
    /\.(json|ya?ml)$/i.exec(file)?.[1]?.toLowerCase() ?? (/^\s*\{/.test(text) ? "json" : "lines");
  if (/^\s*</.test(text)) throw unreadable();
  if (format === "lines") return entries(text.includes("\0") ? text.split("\0") : text.split(/\r?\n/));
  try {
    return leaves(
      format === "json" ? JSON.parse(text) : parseYaml(text, { maxAliasCount: 100, logLevel: "silent" }),
    );
  } catch (error) {
    throw (error as { code?: unknown }).code === tooMany ? error : unreadable();
  }
}

function nested(setting: Setting): Setting[] {
  if (!/^\s*[[{]/.test(setting.value)) return [setting];
  try {
    return leaves(JSON.parse(setting.value), setting.name);
  } catch (error) {
    if ((error as { code?: unknown }).code === tooMany) throw error;
    return [setting];
  }
}

const longestLine = 64 * 1024;
const named = /^\s*(?:export\s+)?["']?([A-Za-z_][\w.-]*)["']?\s*[=:](?!\/\/)(.*)$/s;

/** `[section]` lines put their name before those that follow. */
function entries(lines: readonly string[]): Setting[] {
  let section = "";
  return lines.flatMap((line, index): Setting[] => {
    if (line.length > longestLine) throw truncated();
    if (/^\s*([#;]|$)/.test(line)) return [];
    const head = /^\s*\[([\w.:/ -]{1,200})\]\s*$/.exec(line)?.[1];
    if (head !== undefined) section = `${head}.`;
    if (head !== undefined) return [];
    const [, name = `line ${index + 1}`, value = line] = named.exec(line) ?? [];
    return [{ name: section + name, value: unquoted(value) }];
  });
}

function unquoted(value: string): string {
  const plain = value.trim().replace(/,$/, "");
  return /^(["'])(.*)\1$/s.exec(plain)?.[2] ?? plain;
}

function leaves(root: unknown, start = ""): Setting[] {
  const found: Setting[] = [];
  const visit = (value: unknown, path: string, depth: number): void => {
    if (depth > deepest || found.length >= mostSettings) throw truncated();
    if (value !== null && typeof value === "object") {
      for (const [key, inner] of Object.entries(value))
        visit(inner, path === "" ? key : `${path}.${key}`, depth + 1);
    } else if (value !== null && value !== undefined) {
      found.push({ name: path, value: String(value) });
    }
  };
  visit(root, start, 0);
  return found;
}

const tooMany = "SEARCH_TRUNCATED";

function truncated(): Error {
  return Object.assign(new Error("too many settings"), { code: tooMany });
}

function unreadable(): Error {
  return Object.assign(new Error("not what its name says"), { code: "UNREADABLE_SETTINGS" });
}

/** The last part of a setting's name, which is the whole of an environment variable's. */
export function leafOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
