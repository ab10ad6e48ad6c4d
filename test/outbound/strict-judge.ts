import type { Limit } from '../../src/domain/profile.ts';

/** A call as the supplier saw it. Times in ms on one clock. */
export interface Arrival {
  readonly account: string;
  readonly callClass: string;
  readonly at: number;
  /** When the supplier was done with it. */
  readonly doneAt: number;
}

/**
 * Counts as the strictest supplier would: every window (t - W, t] of every limit, and for bounds on calls in flight every
 * moment. Knows nothing of permits.
 * @returns what was exceeded, in words; empty where nothing was
 */
export function violations(arrivals: readonly Arrival[], limits: readonly Limit[]): string[] {
  return limits.flatMap((limit) => {
    const counted = arrivals.filter(({ callClass }) => limit.counts === 'all' || limit.counts.includes(callClass));
    const scopeOf = ({ account }: Arrival): string => (limit.scope === 'address' ? 'address' : account);
    return [...new Set(counted.map(scopeOf))].flatMap((scope) => {
      const seen = counted.filter((arrival) => scopeOf(arrival) === scope);
      return limit.windows.flatMap(({ limit: most, windowMs }) =>
        (windowMs === 0 ? inFlight(seen, most) : within(seen, most, windowMs)).map(
          (excess) => `${limit.name} of ${scope}, ${most} per ${windowMs} ms: ${excess}`,
        ),
      );
    });
  });
}

function within(seen: readonly Arrival[], most: number, windowMs: number): string[] {
  const times = seen.map(({ at }) => at).sort((a, b) => a - b);
  return times.flatMap((at, index) => {
    const before = times[index - most];
    return before !== undefined && before > at - windowMs ? [`${most + 1} between ${before} and ${at}`] : [];
  });
}

function inFlight(seen: readonly Arrival[], most: number): string[] {
  return seen.flatMap(({ at }) => {
    const count = seen.filter((other) => other.at <= at && other.doneAt > at).length;
    return count > most ? [`${count} at ${at}`] : [];
  });
}
