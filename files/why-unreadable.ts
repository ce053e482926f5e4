/** Why a file could not be read, in words: nobody should have to know errno(3). */
export function whyUnreadable(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
  return reasons[code] ?? code;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "this user may not read it",
};
