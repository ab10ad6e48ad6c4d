import type { Lane } from '../../src/domain/lane.ts';
import type { Limit, Profile } from '../../src/domain/profile.ts';

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

/** A call as far as anybody can know it from our side. Times in ms on one clock. */
export interface PossibleCall {
  readonly account: string;
  readonly callClass: string;
  readonly lane: Lane;
  /** It can have arrived at no moment before and at any moment from here on… */
  readonly grantedAt: number;
  /** …to here: its answer, or the last moment at which what was sent can arrive. */
  readonly arrivedBy: number;
}

/**
 * Counts as the strictest supplier on the worst of networks would: every call arrives at whatever moment between its grant and its
 * answer does most harm. For every window (t - W, t] of every limit: how many calls can have arrived in it. A lane from which a
 * part of long windows is kept back must leave that part.
 * @param calls in the order of their grants
 * @returns what could be exceeded, in words; empty where nothing could
 */
export function possibleViolations(calls: readonly PossibleCall[], profile: Profile): string[] {
  return profile.limits.flatMap((limit) =>
    limit.windows.flatMap(({ limit: stated, windowMs }) => {
      const ours = Math.max(1, Math.floor(stated * profile.share));
      const counted = calls.filter(({ callClass }) => limit.counts === 'all' || limit.counts.includes(callClass));
      return counted.flatMap((last, index) => {
        const reach = counted
          .slice(0, index + 1)
          .filter(({ account }) => limit.scope === 'address' || account === last.account)
          .filter(({ arrivedBy }) => arrivedBy > last.grantedAt - windowMs);
        const keptBack = windowMs > 600_000 ? Math.floor(ours * (profile.keptBack[last.lane] ?? 0)) : 0;
        const most = ours - keptBack;
        if (reach.length <= most) return [];
        return [`${limit.name}, ${most} per ${windowMs} ms for ${last.lane}: ${reach.length} at ${last.grantedAt}`];
      });
    }),
  );
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
