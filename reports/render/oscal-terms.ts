import { escapeMarkdown } from "./escape-markdown.ts";
import { visible } from "./visible.ts";

/** UUIDs by name: of what is said of one region, and of the files of the run. */
export interface RegionNames {
  own(...name: string[]): string;
  file(name: string): string;
}

/** A property of ours. */
export function property(name: string, value: string, remarks?: string) {
  const said = remarks === undefined ? {} : { remarks: markup(remarks) };
  return { name, ns: "urn:ringfence:oscal:v1", value: line(value), ...said };
}

/** What is no Markdown in OSCAL: one line, and not empty. */
export function line(text: string): string {
  return visible(text).trim() || "none";
}

/** Titles, descriptions and remarks are Markdown. */
export const markup = escapeMarkdown;

/** OSCAL has no empty lists. */
export function some<Key extends string, One>(key: Key, list: readonly One[]) {
  return (list.length > 0 ? { [key]: list } : {}) as { [K in Key]?: readonly One[] };
}
