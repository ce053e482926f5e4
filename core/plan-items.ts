import type { PlannedItem } from "./plan.ts";
import { placeOf, type Subject, systemsAbroad, type Target, targetAt, targetsFrom } from "./plan-targets.ts";
import {
  type Check,
  endpointOf,
  hasKey,
  homesOf,
  outside,
  type System,
  type SystemKind,
} from "./residency-map.ts";
import { type Vector, vectorId, vectorText } from "./vocabulary.ts";

export function checksOf(systems: readonly System[], kinds: readonly SystemKind[]) {
  return systems.flatMap((system) => {
    const kind = kinds.find((candidate) => candidate.kind === system.kind);
    const places = ["", ...Object.keys(system.perRegion ?? {})];
    const checks = kind?.checks.filter(({ needs }) => places.some((place) => hasKey(system, place, needs)));
    return kind ? (checks ?? []).map((check) => ({ system, check, kind })) : [];
  });
}

function vectorsOf(check: Check, system: System): Vector[] {
  return check.routes.flatMap((route) =>
    [...system.addressFamilies]
      .sort()
      .flatMap((addressFamily) =>
        check.credentials.map((credentials) => ({ addressFamily, credentials, route })),
      ),
  );
}

export function attemptsFrom(region: string, subject: Subject): PlannedItem[] {
  const { family } = subject.check;
  return family === "trespass" || family === "send"
    ? crossingsFrom(region, subject)
    : looksIn(region, subject);
}

function crossingsFrom(region: string, subject: Subject): PlannedItem[] {
  const { memo, system, check } = subject;
  const twinBy = { probe: check.twinBy ?? check.probe };
  const aliveBy = { probe: check.aliveBy ?? check.probe };
  const targets = check.everySystem ? null : targetsFrom(region, subject);
  return vectorsOf(check, system).flatMap((vector) => {
    const own = twinSystem(region, vector, subject);
    const twin = own && memo.once(controlId(targetAt(region, own), twinBy, vector));
    return (targets ?? systemsAbroad(region, subject, vector)).map((target) => {
      const place = target.system === system.id ? [placeOf(target)] : [placeOf(target), target.system];
      return item(subject, {
        id: [...attemptId(region, vector, subject), ...place].join("/"),
        role: "attempt",
        vector,
        from: region,
        to: target,
        own: own?.id,
        twin,
        targetAlive: memo.once(controlId(target, aliveBy, vector)),
      });
    });
  });
}

function looksIn(region: string, subject: Subject): PlannedItem[] {
  const { map, system, check } = subject;
  if (!homesOf(system, map).includes(region) || !hasKey(system, region, check.needs)) return [];
  // Nothing of production may be in what is not production, whichever region it is of.
  const sought = Object.keys(map.regions).filter((id) => id !== region || !system.production);
  const here = targetAt(region, system);
  return vectorsOf(check, system).flatMap((vector) => {
    const id = attemptId(region, vector, subject);
    const inside = { role: "attempt" as const, vector, from: region, to: here };
    if (!check.perOtherRegion) return [item(subject, { ...inside, id: id.join("/") })];
    return sought.map((about) => {
      const targetAlive = openedIn(about, { region, vector, subject });
      return item(subject, { ...inside, id: [...id, "of", about].join("/"), about, targetAlive });
    });
  });
}

function attemptId(region: string, vector: Vector, { system, check }: Subject): string[] {
  return [system.path, system.id, check.probe, vectorId(vector), region];
}

/** The control that shows that what a look presents for another region's data does open it there. */
function openedIn(
  about: string,
  { region, vector, subject }: { region: string; vector: Vector; subject: Subject },
): string | undefined {
  const { map, memo, system, check } = subject;
  if (!check.opens || !hasKey(system, region, check.opens) || !homesOf(system, map).includes(about))
    return undefined;
  const aliveBy = { probe: check.aliveBy ?? check.probe };
  return memo.once(controlId(targetAt(about, system), aliveBy, vector));
}

/** At home there is nothing to learn: one control serves the vectors by name and by address. What is sent
 *  outward leaves from there all the same. */
export function controlsAt(target: Target, subject: Subject): PlannedItem[] {
  const { memo, system, check } = subject;
  const away = check.outward ? { to: targetAt(outside, system), own: system.id } : { to: target };
  const [route = "name"] = check.routes;
  return vectorsOf({ ...check, routes: [route] }, system).map((vector) =>
    item(subject, {
      id: memo.once(controlId(target, check, vector)),
      role: "control",
      vector,
      from: target.region,
      ...away,
    }),
  );
}

function controlId(
  target: Target,
  { probe }: { probe: string },
  { addressFamily, credentials }: Vector,
): string {
  const vector = `ipv${addressFamily}-${credentials}`;
  return ["control", target.system, probe, vector, placeOf(target)].join("/");
}

/** The vantage's own system of that kind and address family; the same one where every region has its own. */
function twinSystem(
  region: string,
  { addressFamily }: Vector,
  { memo, system, check, kind }: Subject,
): System | undefined {
  const own = memo.own(region, { kind: kind.kind, addressFamily, needs: check.needs });
  return own.get(system.id) ?? own.values().next().value;
}

function item(
  { map, memo, system, check, kind, atlas }: Subject,
  part: {
    id: string;
    role: "attempt" | "control";
    vector: Vector;
    from: string;
    to: Target;
    about?: string;
    own?: string | undefined;
    twin?: string | undefined;
    targetAlive?: string | undefined;
  },
): PlannedItem {
  const { from, to } = part;
  const other = to.system === system.id ? "" : ` ${to.system}`;
  const place = to.endpoint ? `${to.endpoint.host} (${to.endpoint.jurisdiction})` : to.region;
  const inside = from === to.region ? place : part.role === "control" ? from : null;
  const arrow = inside ? `inside ${inside}` : `${from} to ${place}${other}`;
  const whose = part.about ? `, canary of ${part.about}` : "";
  const title = [arrow, system.id, check.probe, vectorText(part.vector)].join(" ");
  // In the order of the alphabet, so that the canonical JSON of a large plan needs no sorting. What is
  // undefined is not in it; one shape for all keeps a large plan small.
  const planned: { [Key in keyof PlannedItem]: PlannedItem[Key] | undefined } = {
    about: part.about,
    atlas: check.looksFor === "settings" || check.namesHosts ? atlas : undefined,
    contacts: check.contacts,
    deadlineMs: map.attempts.deadlineMs,
    family: check.family,
    from: memo.from(from),
    goal: check.goal,
    id: part.id,
    kind: kind.kind,
    looksFor: check.looksFor,
    own: part.own,
    path: system.path,
    privateAddresses: check.privateAddresses ? true : undefined,
    probe: check.probe,
    refusals: check.refusals?.(endpointOf(system, to.region)),
    repeats: part.role === "attempt" ? check.repeats : undefined,
    role: part.role,
    stopBy: system.stopBy ?? kind.stopBy,
    targetAlive: part.targetAlive,
    title: whose === "" ? title : title + whose,
    to,
    twin: part.twin,
    vector: part.vector,
    witnessed: check.witnessed ? true : undefined,
  };
  return planned as PlannedItem;
}
