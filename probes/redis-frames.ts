const longestLine = 4096;
const longestArray = 65_536;
const deepest = 4;

/** Looks at a Redis server's bytes before ioredis does, whose decoder makes room for an array of whatever
 *  length is announced, and throws out of an event handler at a push that nobody asked for. Only RESP2
 *  passes, with arrays of a length and a depth that an answer to a probe has; everything else is NOT_REDIS. */
export function repliesOnly(): (chunk: Buffer) => "NOT_REDIS" | null {
  const open: number[] = [];
  let line = "";
  let skip = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (skip > 0) {
        const skipped = Math.min(skip, chunk.length - at);
        at += skipped;
        skip -= skipped;
        if (skip === 0) close(open);
        continue;
      }
      const end = chunk.indexOf("\n", at);
      line += chunk.toString("latin1", at, end < 0 ? chunk.length : end + 1);
      if (line.length > longestLine) return "NOT_REDIS";
      if (end < 0) return null;
      at = end + 1;
      const reply = readLine(line);
      line = "";
      if (!reply || (reply.items > 0 && open.length >= deepest)) return "NOT_REDIS";
      skip = reply.bytes;
      if (reply.items > 0) open.push(reply.items);
      else if (skip === 0) close(open);
    }
    return null;
  };
}

/** A reply is whole: so is every array of which it was the last item. */
function close(open: number[]): void {
  for (let last = open.length - 1; last >= 0; last--) {
    const left = (open[last] ?? 0) - 1;
    open[last] = left;
    if (left > 0) return;
    open.pop();
  }
}

/** What follows the first line of a reply. redis.io/docs, "Redis serialization protocol", RESP2. */
function readLine(line: string): { items: number; bytes: number } | null {
  const [, type, text = ""] = /^([-+:$*])([^\r\n]*)\r\n$/.exec(line) ?? [];
  if (type === "+" || type === "-") return { items: 0, bytes: 0 };
  if (type === ":") return /^[-+]?\d{1,19}$/.test(text) ? { items: 0, bytes: 0 } : null;
  if (type === undefined || !/^(-1|\d{1,9})$/.test(text)) return null;
  const length = Number(text);
  if (type === "$") return { items: 0, bytes: length < 0 ? 0 : length + 2 };
  return length <= longestArray ? { items: Math.max(0, length), bytes: 0 } : null;
}
