/** Looks references up as before, and tells of each that is not there, once: its lines say no more than that they
 *  failed, and the journal is no place for what this machine lacks. */
export function toldWhenMissing(
  lookUp: (reference: string) => string,
  tell: (reference: string) => void,
): (reference: string) => string {
  const told = new Set<string>();
  return (reference) => {
    try {
      return lookUp(reference);
    } catch (error) {
      if (!told.has(reference)) tell(reference);
      told.add(reference);
      throw error;
    }
  };
}
