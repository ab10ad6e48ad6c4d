import { systemClock } from '../../src/domain/clock.ts';
import type { Clock } from '../../src/domain/clock.ts';

/** Runs `speed` times as fast as the real one, from a moment both agree on: an hour's wait passes in a moment. */
export function createFastClock(speed: number, from: number): Clock {
  return {
    now: () => from + Math.floor((systemClock.now() - from) * speed),
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  };
}

/** Moves with the real one, and further when told to. */
export interface MovableClock extends Clock {
  advance(ms: number): void;
}

export function createMovableClock(): MovableClock {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    sleep: systemClock.sleep,
    advance(ms) {
      ahead += ms;
    },
  };
}
