import type { ControlBook } from "./controls.ts";
import type { Evidence, Finding } from "./finding.ts";
import type { Findings, RowSum, Write } from "./journal.ts";
import type { PlannedItem } from "./plan.ts";
import { endpointOf, homesOf } from "./residency-map.ts";
import { systemBook } from "./system-book.ts";

/** What a mover promises of a tenant: that it takes no write while it moves, and arrives as it left. A write that
 *  is accepted meanwhile is lost with the source, and a row that differs is lost already: each is a breach, and
 *  needs no control. */
export function brokenMove(
  planned: PlannedItem,
  found: Findings,
  { book }: { book: ControlBook },
): Finding | null {
  const accepted = found.writes?.find(({ tenant, met }) => tenant === "moving" && met.kind === "accepted");
  if (accepted)
    return broken(`${accepted.how} was accepted for a tenant that is being moved`, "WRITE_ACCEPTED");
  const said = manifestsOf(planned, book);
  for (const counted of (found.sums ?? []).filter(({ by }) => by === "count")) {
    const other = said.find((sum) => sameRows(sum, counted) && differs(sum, counted));
    if (other) return broken(differenceOf(counted, other), "ROWS_DIFFER");
  }
  return null;
}

/** Why a clean look at a move proves nothing after all. */
export function moveDoubt(
  planned: PlannedItem,
  found: Findings,
  evidence: Pick<Evidence, "map" | "book">,
): string | null {
  if (planned.looksFor === "writes") return writesDoubt(found.writes ?? [], planned.refusals ?? []);
  if (planned.looksFor !== "sums") return null;
  const sums = found.sums ?? [];
  return sumsDoubt(sums, manifestsOf(planned, evidence.book)) ?? silentSource(planned, sums, evidence);
}

/** The settled tenant's write, which differs in the tenant only, is the control of the moving one's. */
function writesDoubt(writes: readonly Write[], refusals: readonly string[]): string | null {
  const moving = writes.filter(({ tenant }) => tenant === "moving");
  if (moving.length === 0) return "nothing was written for a tenant that is being moved";
  for (const { how, met } of moving) {
    const twins = writes.filter((write) => write.tenant === "settled" && write.how === how);
    if (twins.length === 0) return `${how} was not tried for a tenant that is not moving`;
    for (const twin of twins)
      if (twin.met.kind === "refused")
        return `${how} was refused with ${twin.met.code} for a tenant that is not moving, too`;
    if (met.kind === "refused" && !refusals.includes(met.code))
      return `${how} was refused with ${met.code}, which is not what the map declares`;
  }
  return null;
}

/** What left is said at the source, too: a part that is missing here may be missing in the manifest here as well. */
function sumsDoubt(sums: readonly RowSum[], everySaid: readonly RowSum[]): string | null {
  const counted = sums.filter(({ by }) => by === "count");
  const said = sums.filter(({ by }) => by === "manifest");
  if (counted.length === 0) return "no row of a tenant that moved was counted";
  for (const sum of counted) {
    if (sum.rows === 0) return `there is no row of ${sum.tenant} in ${sum.part}`;
    if (!said.some((one) => sameRows(one, sum)))
      return `no manifest says which rows of ${sum.part} left with ${sum.tenant}`;
  }
  const uncounted = everySaid.find(
    (one) =>
      counted.some(({ tenant }) => tenant === one.tenant) && !counted.some((sum) => sameRows(one, sum)),
  );
  return uncounted
    ? `the manifest of ${uncounted.tenant} names ${uncounted.part}, which was not counted`
    : null;
}

/** Every region that a tenant left, as the map says, has to say what left: a manifest that was made of the copy would
 *  agree with it. A run of one region only does not ask the others. */
function silentSource(
  planned: PlannedItem,
  sums: readonly RowSum[],
  { map, book }: Pick<Evidence, "map" | "book">,
): string | null {
  const system = systemBook(map).byId.get(planned.to.system);
  if (!system) return null;
  const asked = book.sumsOf(system.id);
  const sources = homesOf(system, map).filter((home) => asked.has(home));
  for (const sum of sums) {
    const isTold = (source: string) =>
      book.problemsOf(source).length === 0 &&
      asked.get(source)?.some((one) => one.by === "manifest" && sameRows(one, sum));
    const silent = sources.find(
      (source) => endpointOf(system, source).departed === sum.tenant && !isTold(source),
    );
    if (silent) return `${silent}, which ${sum.tenant} left, does not say which rows of ${sum.part} left`;
  }
  return null;
}

/** From all regions: of the one where the tenant arrived, and of the one that it left. */
function manifestsOf({ to }: PlannedItem, book: ControlBook): RowSum[] {
  return [...book.sumsOf(to.system).values()].flat().filter(({ by }) => by === "manifest");
}

function sameRows(one: RowSum, other: RowSum): boolean {
  return one.tenant === other.tenant && one.part === other.part;
}

function differs(one: RowSum, other: RowSum): boolean {
  return one.rows !== other.rows || one.digest !== other.digest;
}

function differenceOf({ tenant, part, rows }: RowSum, said: RowSum): string {
  return rows === said.rows
    ? `the ${rows} rows of ${tenant} in ${part} are not those that left`
    : `${tenant} has ${rows} rows in ${part}, and left with ${said.rows}`;
}

function broken(reason: string, code: string): Finding {
  return { grade: "breached", stoppedAt: null, code, reason };
}
