import type { Clock } from '../../src/domain/clock.ts';

/** A clock that stands still until it is turned; sleepers wake in the order of their times. */
export interface VirtualTime {
  readonly clock: Clock;
  /** Lets everything happen up to this moment. */
  runUntil(moment: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** @param rest resolves when nothing happens any more that waits for no timer: more than promises where a server is asked */
export function virtualTime(start: number, rest: () => Promise<void> = immediate): VirtualTime {
  let now = start;
  const timers = new Set<Timer>();
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const fire = (): void => {
          timers.delete(timer);
          signal?.removeEventListener('abort', fire);
          resolve();
        };
        const timer = { at: now + Math.max(0, ms), fire };
        timers.add(timer);
        signal?.addEventListener('abort', fire, { once: true });
      }),
  };
  return {
    clock,
    async runUntil(moment) {
      for (;;) {
        // Promises that wait for no timer come to rest first.
        await rest();
        let next: Timer | null = null;
        for (const timer of timers) if (next === null || timer.at < next.at) next = timer;
        if (next === null || next.at > moment) break;
        now = Math.max(now, next.at);
        next.fire();
      }
      now = Math.max(now, moment);
    },
  };
}

export function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
