import { compareFactTime } from './observation.ts';
import type { FactTime, ObservedLevel } from './observation.ts';
import { UNKNOWN_QUANTITY } from './quantity.ts';

/** The later of two times; of two equal ones the one with the later `sourceAsOf`; of two alike the first. */
export function laterTime<A extends FactTime | null, B extends FactTime | null>(a: A, b: B): A | B {
  if (a === null || b === null) return a ?? b;
  const order = compareFactTime(a, b) || (a.sourceAsOf ?? -1) - (b.sourceAsOf ?? -1);
  return order >= 0 ? a : b;
}

/** The later of two absences: they have no version of the supplier's, so when we asked comes first. */
export function laterAsked<A extends FactTime | null, B extends FactTime | null>(a: A, b: B): A | B {
  if (a === null || b === null) return a ?? b;
  const order = a.observedAt - b.observedAt || a.version - b.version || (a.sourceAsOf ?? -1) - (b.sourceAsOf ?? -1);
  return order >= 0 ? a : b;
}

/** A level with the time of the last statement that held for it. */
export interface TimedLevel extends ObservedLevel {
  readonly time: FactTime;
}

/**
 * What is known of a level: a row is rewritten only when its value moves, so a later complete answer that left it alone
 * confirms it; and where the supplier has since said that it has no such part, nothing is known. An absence has no version of
 * its own, so it is placed by when we asked.
 */
export function levelInForce(level: TimedLevel, complete: FactTime | null, absent: FactTime | null): TimedLevel {
  const time = complete === null ? level.time : laterTime(level.time, complete);
  if (absent !== null && absent.observedAt >= time.observedAt)
    return { location: level.location, quantity: UNKNOWN_QUANTITY, time: absent };
  return time === level.time ? level : { location: level.location, quantity: level.quantity, time };
}
