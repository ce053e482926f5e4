/** Escapes and envelopes within each other that are taken off. */
const mostLayers = 3;

/** What a text says as it stands, and behind whatever a store, a log or a queue wraps around a text of ours: escapes
 *  of JSON, URLs, HTML and quoted-printable, base64, and hexadecimal. RFC 8259, 7; RFC 3986, 2.1; RFC 2045, 6.7;
 *  RFC 4648. What is compressed or encrypted stays unread. `shortest`: the length of what is looked for. */
export function readingsOf(text: string, { shortest }: { shortest: number }): string[] {
  const all = new Set([text]);
  let outer = [text];
  for (let layer = 0; layer < mostLayers && outer.length > 0; layer++) {
    const inner = outer.flatMap((one) => [unescaped(one), ...unwrapped(one, shortest)]);
    outer = inner.filter((one) => !all.has(one));
    for (const one of outer) all.add(one);
  }
  return [...all];
}

/** A line of quoted-printable may end anywhere, within another escape, too. */
const softBreaks = /=(?:\r?\n|(?:\\+r)?\\+n)/g;
const escapes = /\\+(?:u00|x)([0-9a-f]{2})|[%=]([0-9a-f]{2})|&#x0*([0-9a-f]{2});|&#0*(\d{2,3});/gi;

function unescaped(text: string): string {
  const joined = text.replace(softBreaks, "");
  return joined.replace(escapes, (_, ...[ofJson, ofUrl, ofHtml, decimal]: (string | undefined)[]) => {
    const hex = ofJson ?? ofUrl ?? ofHtml;
    return String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

/** Where a run begins nobody knows, for what stands before it may look like a part: so it is read from every
 *  place from which it could have been written. Lines may be broken, and slashes escaped. */
function unwrapped(text: string, shortest: number): string[] {
  const whole = text.replace(/\\+[rn]|\s|\\+(?=\/)/g, "");
  const base64 = runsOf(whole, "A-Za-z0-9+/_-", Math.ceil((shortest * 4) / 3));
  const hex = runsOf(whole, "0-9A-Fa-f", shortest * 2);
  return [
    ...base64.flatMap((run) => [0, 1, 2, 3].map((from) => decoded(run.slice(from), "base64"))),
    ...hex.flatMap((run) => [0, 1].map((from) => decoded(run.slice(from), "hex"))),
  ];
}

function runsOf(text: string, alphabet: string, shortest: number): string[] {
  return text.match(new RegExp(`[${alphabet}]{${shortest},}`, "g")) ?? [];
}

function decoded(run: string, encoding: "base64" | "hex"): string {
  return Buffer.from(run, encoding).toString("latin1");
}
