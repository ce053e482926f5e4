export interface Reply {
  code: number;
  /** The text of each line, without its code. */
  lines: string[];
}

const longestLine = 2048;
const mostLines = 64;
const line = /^([2-5]\d\d)(?:([ -])([\t -~\x80-\xff]*))?$/;

/** Cuts a server's bytes into replies, and throws NOT_SMTP at anything else: bare line feeds, changing codes
 *  within one reply, lines or replies without an end. RFC 5321, section 4.2. */
export class ReplyReader {
  #text = "";
  #lines: string[] = [];
  #code = "";

  /** Whether a reply has begun and is not whole. */
  get isWithinReply(): boolean {
    return this.#text !== "" || this.#lines.length > 0;
  }

  read(chunk: Buffer): Reply[] {
    this.#text += chunk.toString("latin1");
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    const replies = lines.flatMap((whole) => this.#take(whole));
    if (this.#text.length > longestLine) throw notSmtp();
    return replies;
  }

  #take(whole: string): Reply[] {
    const [, code = "", separator, text = ""] = line.exec(whole.replace(/\r$/, "")) ?? [];
    const sameReply = this.#lines.length === 0 || code === this.#code;
    if (!whole.endsWith("\r") || code === "" || !sameReply || whole.length > longestLine) throw notSmtp();
    this.#code = code;
    this.#lines.push(text);
    if (this.#lines.length > mostLines) throw notSmtp();
    if (separator === "-") return [];
    return [{ code: Number(code), lines: this.#lines.splice(0) }];
  }
}

export function notSmtp(): Error {
  return Object.assign(new Error("this is not how an SMTP server answers"), { code: "NOT_SMTP" });
}
