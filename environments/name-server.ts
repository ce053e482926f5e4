import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { isIPv4 } from "node:net";
import packet from "dns-packet";

/** A region's resolver: answers A and AAAA from a zone, with `*.` wildcards; everything else does not exist. */
export async function serveNames({ address, zone }: { address: string; zone: () => Zone }): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (message, from) => {
    const answer = answerTo(message, zone());
    if (answer) socket.send(answer, from.port, from.address);
  });
  socket.bind(53, address);
  await once(socket, "listening");
}

type Zone = Map<string, string[]>;

/** A zone in a file in the format of /etc/hosts, read anew whenever it changes. */
export function zoneFile(file: string): () => Zone {
  let readAt = Number.NaN;
  let zone: Zone = new Map();
  return () => {
    const { mtimeMs } = statSync(file);
    if (mtimeMs !== readAt) {
      zone = parseZone(readFileSync(file, "utf8"));
      readAt = mtimeMs;
    }
    return zone;
  };
}

export function parseZone(text: string): Zone {
  const zone: Zone = new Map();
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    for (const name of address ? names : []) zone.set(name, [...(zone.get(name) ?? []), address as string]);
  }
  return zone;
}

function answerTo(message: Buffer, zone: Zone): Buffer | null {
  let query: packet.Packet;
  try {
    query = packet.decode(message);
  } catch {
    return null;
  }
  const question = query.questions?.[0];
  if (!question) return null;
  const name = question.name.toLowerCase();
  const addresses = zone.get(name) ?? zone.get(name.replace(/^[^.]+/, "*"));
  const wanted = (addresses ?? []).filter((address) => isIPv4(address) === (question.type === "A"));
  const answers = question.type === "A" || question.type === "AAAA" ? wanted : [];
  const nameError = addresses === undefined ? 3 : 0;
  return packet.encode({
    type: "response",
    id: query.id ?? 0,
    flags: packet.AUTHORITATIVE_ANSWER | packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | nameError,
    questions: [question],
    answers: answers.map((data) => ({ type: question.type as "A", name: question.name, ttl: 0, data })),
  });
}
