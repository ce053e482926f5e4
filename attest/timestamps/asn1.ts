import { type BaseBlock, Constructed, fromBER, ObjectIdentifier, OctetString } from "asn1js";

/** Thrown for what is not shaped as it should be, or says what it should not; the message is for people. */
export class Wrong extends Error {}

/** One whole value: nothing may stand behind it, because nothing would look at that. */
export function readAsn1(bytes: Uint8Array): BaseBlock {
  const { offset, result } = fromBER(Uint8Array.from(bytes));
  if (offset !== bytes.length) throw new Wrong("cannot be read");
  return result;
}

export function partsOf(node: BaseBlock | undefined): BaseBlock[] {
  if (node instanceof Constructed) return node.valueBlock.value as BaseBlock[];
  throw new Wrong("cannot be read");
}

export function oidOf(node: BaseBlock | undefined): string {
  if (node instanceof ObjectIdentifier) return node.getValue();
  throw new Wrong("cannot be read");
}

export function octetsOf(node: BaseBlock | undefined): Buffer {
  if (node instanceof OctetString) return Buffer.from(node.getValue());
  throw new Wrong("cannot be read");
}

/** A value as it was written, header included: what a digest or signature is over. */
export function rawOf(node: BaseBlock | undefined): Buffer {
  if (node) return Buffer.from(node.valueBeforeDecodeView);
  throw new Wrong("cannot be read");
}

/** The part with a context tag, such as `[0]`. */
export function tagged(nodes: readonly BaseBlock[], number: number): BaseBlock | undefined {
  return nodes.find(({ idBlock }) => idBlock.tagClass === 3 && idBlock.tagNumber === number);
}
