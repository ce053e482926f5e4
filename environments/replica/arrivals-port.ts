/** The port on which a receiver says what it was sent. */
export function arrivalsPort({ arrivals }: Record<string, unknown>): number {
  return Number(new URL(String(arrivals)).port || 80);
}
