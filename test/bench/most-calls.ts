import type { LimitWindow } from '../../src/domain/profile.ts';

/**
 * The most calls that sliding windows allow in a run: call k may come no earlier than `windowMs` after call k - limit, for every
 * window; counted are those that may come before the run's end when each comes as early as it may.
 */
export function mostCalls(windows: readonly LimitWindow[], runMs: number): number {
  const times: number[] = [];
  for (;;) {
    const earliest = windows.map(({ limit, windowMs }) => {
      const before = times[times.length - limit];
      return before === undefined ? 0 : before + windowMs;
    });
    const at = Math.max(0, ...earliest);
    if (at >= runMs) return times.length;
    times.push(at);
  }
}

/**
 * How much later than allowed a full window turns over: the mean of (arrival k + limit) - (arrival k) - windowMs.
 * @param arrivedAt in order
 * @returns null where no window was filled twice
 */
export function turnOverMs(arrivedAt: readonly number[], { limit, windowMs }: LimitWindow): number | null {
  const late = arrivedAt.flatMap((at, index) => {
    const before = arrivedAt[index - limit];
    return before === undefined ? [] : [at - before - windowMs];
  });
  return late.length === 0 ? null : late.reduce((sum, ms) => sum + ms, 0) / late.length;
}
