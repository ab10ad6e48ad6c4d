import type { Clock } from '../../src/domain/clock.ts';

/** A clock that stands still until it is turned. */
export interface HandClock extends Clock {
  turn(ms: number): void;
}

export function createHandClock(start = Date.UTC(2026, 2, 1, 12)): HandClock {
  let now = start;
  return { now: () => now, sleep: () => Promise.resolve(), turn: (ms) => void (now += ms) };
}
