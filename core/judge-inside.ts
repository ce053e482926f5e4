import { inBlocks } from "./addresses.ts";
import { type Evidence, type Finding, unproven } from "./finding.ts";
import type { Findings, Link } from "./journal.ts";
import { brokenMove, moveDoubt } from "./judge-moves.ts";
import { whereaboutsOf } from "./judge-settings.ts";
import { lameness, tolerance } from "./lameness.ts";
import type { PlannedItem } from "./plan.ts";
import { homesOf, type ResidencyMap } from "./residency-map.ts";
import { systemBook } from "./system-book.ts";

/** Stray and wiring attempts look at the region's own systems and must succeed in looking: what they
 *  found decides. The own canary, found by the same look, is their control. */
export function judgeInside(planned: PlannedItem, evidence: Evidence): Finding | null {
  if (evidence.tries.length === 0) return null;
  const findings = evidence.tries.flatMap((one) => one.findings ?? []);
  const misled = outsideAddress(planned, evidence);
  if (misled) return misled;
  const leak = findings.map((found) => leakIn(planned, found, evidence)).find((finding) => finding !== null);
  if (leak) return leak;
  const shut = unopened(planned, evidence);
  if (shut) return unproven(shut, "CONTROL_FAILED");
  const blocked = evidence.tries.map(({ outcome }) => outcome).find((outcome) => outcome.kind !== "reached");
  if (blocked) {
    const code = blocked.kind === "silent" ? "SILENCE" : blocked.code;
    return unproven(`its own system could not be looked into: ${code}`, code);
  }
  if (findings.length < evidence.tries.length) return unproven("it reported no findings");
  const doubts = [
    controlDoubt(planned, evidence),
    ...findings.map((found) => doubtIn(planned, found, evidence)),
  ];
  const doubt = doubts.find((reason) => reason !== null);
  return doubt
    ? unproven(doubt)
    : { grade: "contained", stoppedAt: null, code: null, reason: cleanWords(planned) };
}

/** Where the name leads is known even when nobody answers there. */
function outsideAddress(planned: PlannedItem, { tries, map }: Evidence): Finding | null {
  const here = planned.from.region;
  const plan = map.regions[here]?.addresses ?? [];
  const outside = planned.privateAddresses
    ? tries.map((one) => one.address).find((address) => address !== null && !inBlocks(address, plan))
    : null;
  return outside
    ? crossed(`its name leads to ${outside}, outside ${here}'s address plan`, "WIRED_OUT")
    : null;
}

function leakIn(planned: PlannedItem, found: Findings, evidence: Evidence): Finding | null {
  const { map } = evidence;
  const here = planned.from.region;
  const stray = strayCanary(planned, found, evidence);
  if (stray) return stray;
  const plan = map.regions[here]?.addresses ?? [];
  const link = found.links?.find((candidate) => leadsOut(candidate, here, plan));
  if (link) return crossed(`${link.what} leads out of ${here}, to ${link.peer}`, "LINK_OUT");
  for (const place of found.settings ?? []) {
    const whereabouts = whereaboutsOf(place, planned, map);
    if (whereabouts.kind === "out") return crossed(whereabouts.reason, "WIRED_OUT");
  }
  const outside = found.servedFrom?.addresses.find((address) => !inBlocks(address, plan));
  if (outside)
    return crossed(
      `the server that answers says it is at ${outside}, outside ${here}'s address plan`,
      "WIRED_OUT",
    );
  const region = found.servedFrom?.region;
  if (region && region !== here) return crossed(`it is served from ${region}`, "WIRED_OUT");
  return brokenMove(planned, found, evidence);
}

/** One of another region; and in what is not production, one of production, even of the same region. */
function strayCanary(planned: PlannedItem, found: Findings, { map, book }: Evidence): Finding | null {
  const { region: here, system } = planned.to;
  const origins = (found.canaries ?? [])
    .flatMap((canary) => book.originsOf(canary))
    .filter(({ region }) => planned.about === undefined || region === planned.about);
  const production = isProduction(system, map)
    ? undefined
    : origins.find((one) => isProduction(one.system, map));
  if (production) {
    const whose = `${production.region}'s ${production.system}`;
    return crossed(
      `a production canary, ${whose}, was found in ${system}, which is not production`,
      "PRODUCTION_CANARY",
    );
  }
  const far = origins.find(({ region }) => region !== here);
  return far ? crossed(`a canary of ${far.region} was found inside ${here}`, "FAR_CANARY") : null;
}

/** What the map does not know is taken for production, because that leaks more. */
function isProduction(system: string, map: ResidencyMap): boolean {
  return systemBook(map).byId.get(system)?.production ?? true;
}

function leadsOut(link: Link, here: string, plan: readonly string[]): boolean {
  return (
    (link.region !== undefined && link.region !== here) ||
    link.addresses.some((address) => !inBlocks(address, plan))
  );
}

/** The own canary, read by every try, is the control; and a search for another region's needs that one
 *  to have been planted. */
function controlDoubt(planned: PlannedItem, { tries, map, book }: Evidence): string | null {
  const own = book.plantedFor(planned.to.region, planned.to.system);
  const read = tries.every(({ outcome }) => outcome.kind === "reached" && outcome.canary === own);
  if (own === undefined || !read) return "the look did not even find the region's own canary";
  if (planned.privateAddresses && tries.some(({ address }) => address === null))
    return "it did not say where its name leads";
  if (planned.about === undefined) return null;
  const [broken] = book.problemsOf(planned.about);
  if (broken) return `the journal of ${planned.about} is no evidence: ${broken}`;
  const { system } = planned.to;
  const alike = systemBook(map).byId.get(system);
  if (alike && homesOf(alike, map).includes(planned.about) && !book.plantedFor(planned.about, system))
    return `nothing is planted in ${planned.about}'s own ${system}, whose data would be here first`;
  const sought = book
    .plantedIn(planned.about)
    .some((digest) =>
      book
        .originsOf(digest)
        .some(({ region, system }) => region === planned.about && isProduction(system, map)),
    );
  return sought ? null : `nothing is planted in ${planned.about} that could be found`;
}

/** Being turned away with what opens the data nowhere says nothing of those who hold what does. */
function unopened(planned: PlannedItem, { tries, targetAlive }: Evidence): string | null {
  const { about, targetAlive: control } = planned;
  if (!control) return null;
  const name = `the control that opens ${about}'s data there`;
  const lame = tries.map((one) => lameness(name, targetAlive, one, tolerance.far));
  return lame.find((reason) => reason !== null) ?? null;
}

function doubtIn(planned: PlannedItem, found: Findings, { map, book }: Evidence): string | null {
  const unknown = (found.canaries ?? []).some((canary) => book.originsOf(canary).length === 0);
  if (unknown) return "a canary of unknown origin was found";
  const own = book.plantedFor(planned.to.region, planned.to.system);
  if (mustMeetCanary(planned) && !(own && found.canaries?.includes(own))) {
    return "the search did not even find the region's own canary";
  }
  if (planned.looksFor === "links" && !found.links) return "it did not say which links there are";
  if (planned.looksFor === "place" && !found.servedFrom)
    return "the answering server did not say where it is";
  if (found.servedFrom && found.servedFrom.addresses.length === 0 && !found.servedFrom.region)
    return "the answering server says that it is nowhere";
  if (planned.looksFor === "settings" && !found.settings?.some(({ what }) => what !== "unset"))
    return "it did not come upon one setting that names a place";
  const places = found.settings?.map((place) => whereaboutsOf(place, planned, map)) ?? [];
  const lost = places.flatMap((one) => (one.kind === "unknown" ? [one.reason] : []));
  if (lost.length > 0)
    return [...lost.slice(0, 5), ...(lost.length > 5 ? [`and ${lost.length - 5} more`] : [])].join("; ");
  const blind = found.links?.find((link) => link.region === undefined && link.addresses.length === 0);
  if (blind) return `nobody can say where ${blind.what} ${blind.peer} leads`;
  return moveDoubt(planned, found, { map, book });
}

/** Where the look itself has to come upon the own canary, and not only the session that it is made with: a tenant
 *  that does not hold it is not the one that was planted. */
function mustMeetCanary({ looksFor }: PlannedItem): boolean {
  return looksFor === "canaries" || looksFor === "writes" || looksFor === "sums";
}

function crossed(reason: string, code: string): Finding {
  return { grade: "breached", stoppedAt: null, code, reason };
}

function cleanWords(planned: PlannedItem): string {
  if (planned.looksFor === "settings")
    return `every place that its settings name belongs to ${planned.from.region} or its jurisdiction`;
  if (planned.looksFor === "writes")
    return "a tenant that is being moved refuses every write that is accepted for one that is not";
  if (planned.looksFor === "sums") return "the tenant that moved here has the very rows with which it left";
  if (planned.family === "wiring")
    return `its name and the server that answers are inside ${planned.from.region}`;
  if (planned.about === planned.from.region)
    return `no canary of ${planned.about}'s production, and the system's own one was found`;
  return planned.about && planned.looksFor !== "links"
    ? `no canary of ${planned.about}, and the own one was found`
    : "no link leads out of the region";
}
