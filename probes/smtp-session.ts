import { isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Ladder } from "./ladder.ts";
import { notSmtp, type Reply, ReplyReader } from "./smtp-replies.ts";

export interface SmtpPlace {
  address: string;
  port: number;
  /** The name that the certificate must be for. */
  host: string;
  tls: "starttls" | "implicit";
}

/** How far the conversation had come: what is refused in the opening is refused to nobody in particular. */
export type Stage = "opening" | "login" | "envelope";

/** A server's answer that ends what was begun. */
export class SmtpRefusal extends Error {
  readonly reply: number;
  readonly stage: Stage;
  constructor(reply: number, stage: Stage) {
    super(`the server answered ${reply}`);
    this.reply = reply;
    this.stage = stage;
  }
}

/** One conversation with a submission server, up to an envelope and never further: there is no DATA here. One
 *  command is open at a time, and what comes unasked ends it, so that no answer is taken for another's.
 *  RFC 5321, RFC 3207, RFC 4954, RFC 8314. */
export class SmtpSession implements AsyncDisposable {
  /** The names by which the server called itself, in its greeting and in its answers to EHLO. */
  readonly names: string[] = [];
  readonly #ladder: Ladder;
  readonly #place: SmtpPlace;
  #socket: Socket | TLSSocket;
  #reader = new ReplyReader();
  #extensions: string[] = [];
  #waiting: ((reply: Reply) => void) | null = null;
  #fail: (error: Error) => void = () => {};
  readonly #failed: Promise<never>;

  private constructor(ladder: Ladder, place: SmtpPlace) {
    this.#ladder = ladder;
    this.#place = place;
    this.#failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
    this.#socket = ladder.socket();
  }

  /** Connects and reads the greeting: in the clear, or inside TLS where the port speaks nothing else. */
  static async open(ladder: Ladder, place: SmtpPlace): Promise<SmtpSession> {
    const session = new SmtpSession(ladder, place);
    const socket = session.#socket;
    socket.setNoDelay(true);
    socket.once("error", session.#fail);
    socket.connect({ host: place.address, port: place.port, autoSelectFamily: false });
    await session.#orFail(new Promise<void>((done) => socket.once("connect", done)));
    const greeting = session.#nextReply();
    if (place.tls === "implicit") await session.#encrypt();
    else session.#listen();
    session.#learnName(wanted(await greeting, 220, "opening"));
    return session;
  }

  /** Goes over to TLS where the connection is still in the clear, and asks what the server can. */
  async secure(): Promise<void> {
    await this.#hello();
    if (this.#place.tls === "implicit") return;
    if (!this.#extensions.includes("STARTTLS"))
      throw Object.assign(new Error("no STARTTLS"), { code: "STARTTLS_NOT_OFFERED" });
    wanted(await this.#ask("STARTTLS"), 220, "opening");
    await this.#encrypt();
    await this.#hello();
  }

  /** Throws SmtpRefusal; "not asked" where the server asks nobody who they are, and nothing was done. */
  async logIn(user: string, password: string): Promise<"logged in" | "not asked"> {
    const offered = this.#extensions.find((extension) => /^AUTH[ =]/.test(extension));
    if (offered === undefined) return "not asked";
    const methods = offered.slice(5).split(" ");
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    if (methods.includes("PLAIN")) {
      wanted(await this.#ask(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`), 235, "login");
    } else if (methods.includes("LOGIN")) {
      wanted(await this.#ask("AUTH LOGIN"), 334, "login");
      wanted(await this.#ask(base64(user)), 334, "login");
      wanted(await this.#ask(base64(password)), 235, "login");
    } else {
      throw Object.assign(new Error("no known AUTH"), { code: "AUTH_NOT_SUPPORTED" });
    }
    this.#ladder.climb("authentication");
    return "logged in";
  }

  /** Begins a message from a sender; throws SmtpRefusal. */
  async mailFrom(sender: string): Promise<void> {
    wanted(await this.#ask(`MAIL FROM:<${mailbox(sender)}>`), 250, "envelope");
  }

  /** Whether a recipient is accepted; the refusal's code where it is not. */
  async recipient(address: string): Promise<"accepted" | SmtpRefusal> {
    const { code } = await this.#ask(`RCPT TO:<${mailbox(address)}>`);
    return code === 250 || code === 251 ? "accepted" : new SmtpRefusal(code, "envelope");
  }

  /** Takes the envelope back, so that nothing is ever sent. */
  async takeBack(): Promise<void> {
    wanted(await this.#ask("RSET"), 250, "envelope");
  }

  /** Waits until the farewell has left, and not for its answer, which may never come. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return;
    const left = new Promise<void>((done) => this.#socket.write("QUIT\r\n", () => done()));
    await this.#orFail(left).catch(() => {});
  }

  async #hello(): Promise<void> {
    const own = this.#socket.localAddress ?? "127.0.0.1";
    const reply = wanted(await this.#ask(`EHLO [${isIP(own) === 6 ? "IPv6:" : ""}${own}]`), 250, "opening");
    this.#learnName(reply);
    this.#extensions = reply.lines.slice(1).map((text) => text.trim().toUpperCase());
  }

  #learnName({ lines }: Reply): void {
    const [name = ""] = (lines[0] ?? "").trim().split(/\s/);
    this.names.push(name.replace(/^\[(?:IPv6:)?(.*)\]$/i, "$1"));
  }

  async #ask(command: string): Promise<Reply> {
    if (this.#reader.isWithinReply) throw notSmtp();
    const reply = this.#nextReply();
    this.#socket.write(`${command}\r\n`);
    return reply;
  }

  #nextReply(): Promise<Reply> {
    return this.#orFail(
      new Promise((done) => {
        this.#waiting = done;
      }),
    );
  }

  #listen(): void {
    const socket = this.#socket;
    const ended = () =>
      this.#fail(Object.assign(new Error("the peer closed the connection"), { code: "CLOSED_BY_PEER" }));
    socket.on("data", this.#take).once("end", ended).once("close", ended);
  }

  readonly #take = (chunk: Buffer): void => {
    try {
      for (const reply of this.#reader.read(chunk)) {
        const answer = this.#waiting;
        if (!answer) throw notSmtp();
        this.#waiting = null;
        answer(reply);
      }
    } catch (error) {
      this.#fail(error as Error);
      this.#socket.destroy();
    }
  };

  /** What came in the clear behind the answer to STARTTLS would be read as if it had come encrypted. */
  async #encrypt(): Promise<void> {
    const plain = this.#socket;
    if (this.#reader.isWithinReply) throw notSmtp();
    plain.off("data", this.#take);
    const { host } = this.#place;
    const secured = connectTls({ socket: plain, host, ...(isIP(host) === 0 ? { servername: host } : {}) });
    this.#ladder.watch(secured);
    secured.once("error", this.#fail);
    this.#socket = secured;
    this.#reader = new ReplyReader();
    this.#listen();
    await this.#orFail(new Promise<void>((done) => secured.once("secureConnect", done)));
  }

  #orFail<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#failed]);
  }
}

function wanted(reply: Reply, code: number, stage: Stage): Reply {
  if (reply.code !== code) throw new SmtpRefusal(reply.code, stage);
  return reply;
}

/** A secret that held a line break would be a command of its own. */
function mailbox(address: string): string {
  if (/^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}$/.test(address)) return address;
  throw Object.assign(new Error("no mailbox"), { code: "MAILBOX_UNUSABLE" });
}
