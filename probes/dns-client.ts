import packet from "dns-packet";
import type { Ladder } from "./ladder.ts";
import { connectTcp } from "./tcp.ts";

/** `rcode`, `opcode`: the names of the codes, which the package's types leave out. */
export type DnsAnswer = packet.DecodedPacket & { rcode: string; opcode: string };

/** Asks a name server for a TXT record, over TCP. Throws NOT_DNS for what cannot be read as its answer. */
export async function askName(
  ladder: Ladder,
  { address, port, name }: { address: string; port: number; name: string },
): Promise<DnsAnswer> {
  const socket = await connectTcp(ladder, { address, port });
  const id = Math.floor(Math.random() * 65_536);
  const query = packet.streamEncode({
    type: "query",
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type: "TXT", name }],
  });
  socket.write(query);
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    const wanted = received.length >= 2 ? 2 + received.readUInt16BE(0) : Number.POSITIVE_INFINITY;
    if (received.length < wanted) continue;
    return readAnswer(received.subarray(0, wanted), { id, name });
  }
  throw Object.assign(new Error("closed before an answer"), { code: "CLOSED_BY_PEER" });
}

/** Exported for its property test. An echo of the question is no answer, and one that was cut (RFC 7766: over
 *  TCP there is no reason to) is none of which anything missing can be said. */
export function readAnswer(message: Buffer, { id, name }: { id: number; name: string }): DnsAnswer {
  const answer = decoded(message);
  const [asked, ...more] = answer?.questions ?? [];
  const fits =
    answer?.type === "response" &&
    answer.id === id &&
    answer.opcode === "QUERY" &&
    !answer.flag_tc &&
    more.length === 0 &&
    asked?.type === "TXT" &&
    asked.name.toLowerCase() === name.toLowerCase();
  if (!fits) throw Object.assign(new Error("not an answer to what was asked"), { code: "NOT_DNS" });
  return answer;
}

function decoded(message: Buffer): DnsAnswer | null {
  try {
    return packet.streamDecode(message) as DnsAnswer | null;
  } catch {
    return null;
  }
}
