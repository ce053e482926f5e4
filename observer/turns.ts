import type { PlannedItem } from "../core/plan.ts";
import type { TryRecord } from "../probes/attempt.ts";
import { gate } from "./gate.ts";

/** Many at once for the far side's silence; few of what is answered, so that no deadline passes in a queue
 *  of our own, nor in that of a target that answers all of them: controls above all, whose time is the measure
 *  of silence. Whoever is not done after the hold is waiting, and makes room. */
const silentAtOnce = 1000;
const waitingAtOnce = 12;
const answeredAtOnce = 3;
const controlsAtOnce = 3;
const waitingHoldMs = 250;
const abroadHoldMs = 250;
const answeredHoldMs = 1000;
const controlHoldMs = 500;
const unansweredHoldMs = 50;

type Act = () => Promise<TryRecord[]>;
type Turn = (act: Act) => Promise<TryRecord[]>;

/** Says when an item of one region has its turn. */
export interface Turns {
  attempt(item: PlannedItem): Turn;
  control(item: PlannedItem): Turn;
}

export function takeTurns(): Turns {
  const whereSilent = gate(silentAtOnce);
  const whereWaiting = gate(waitingAtOnce, waitingHoldMs);
  // The own systems answer while the far side may be silent where it should refuse.
  const whereAnswered = {
    target: answeredGate(answeredAtOnce, abroadHoldMs),
    own: answeredGate(answeredAtOnce, answeredHoldMs),
  };
  const whereControlled = answeredGate(controlsAtOnce, controlHoldMs);
  return {
    attempt(item) {
      if (meetsSilence(item)) return whereSilent;
      return waitsByItself(item) ? whereWaiting : whereAnswered[item.contacts];
    },
    control: (item) => (waitsByItself(item) ? whereWaiting : whereControlled),
  };
}

/** Whoever waits goes first: the others are answered meanwhile. */
export function longestFirst(one: PlannedItem, other: PlannedItem): number {
  const wait = (item: PlannedItem) =>
    meetsSilence(item) || waitsByItself(item) ? 2 : Number(item.contacts === "target");
  return wait(other) - wait(one);
}

/** Where one was not answered, the next are likelier to wait for nobody, too, and soon make room. */
function answeredGate(width: number, holdMs: number): Turn {
  let hold = holdMs;
  const through = gate(width, () => hold);
  return (act) =>
    through(async () => {
      const records = await act();
      hold = records.every(({ entry }) => entry.outcome.kind === "silent") ? unansweredHoldMs : holdMs;
      return records;
    });
}

function meetsSilence({ contacts, stopBy, witnessed }: PlannedItem): boolean {
  return contacts === "target" && stopBy === "network" && !witnessed;
}

/** For whoever was sent something and never answers to refuse it, or for a name to lead elsewhere when it is asked
 *  again. What is handed to the own system is answered by it. */
function waitsByItself({ witnessed, contacts, family }: PlannedItem): boolean {
  return (witnessed && contacts === "target") || family === "wiring";
}
