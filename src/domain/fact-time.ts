import { compareFactTime } from './observation.ts';
import type { FactTime, ObservedLevel } from './observation.ts';
import { UNKNOWN_QUANTITY } from './quantity.ts';

/** A clock that is further ahead than this is wrong. */
const MAX_AHEAD_MS = 300_000;

/**
 * No fact is from later than it was asked for. A version that says so comes from a wrong clock or is a slip, and would outrank
 * everything said until then: it is taken for the moment it was asked at. Of the time alone, so that any order ends alike.
 * @returns `time` itself where it is not ahead
 */
export function notAhead(time: FactTime): FactTime {
  const latest = time.observedAt + MAX_AHEAD_MS;
  const isSourceAhead = time.sourceAsOf !== null && time.sourceAsOf > latest;
  if (time.version <= latest && !isSourceAhead) return time;
  return {
    version: time.version > latest ? time.observedAt : time.version,
    observedAt: time.observedAt,
    sourceAsOf: isSourceAhead ? null : time.sourceAsOf,
  };
}

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
