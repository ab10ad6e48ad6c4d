/**
 * When calls arrived, as one limit counts them. Windows slide and are half open: the window of an arrival at `t` is
 * (`t` - `windowMs`, `t`], so two arrivals exactly `windowMs` apart never share one. Times come in order, in milliseconds.
 */
export interface ArrivalLog {
  add(at: number): void;
  /** Arrivals in (`at` - `windowMs`, `at`]. */
  countWithin(windowMs: number, at: number): number;
  /** The first moment at which one more arrival would keep to the limit, if none came before it. */
  roomAt(windowMs: number, limit: number): number;
}

/** Eight megabytes of arrivals; only a flood within one window is longer, and then counts no higher than this. */
const MAX_KEPT = 1_000_000;

/** @param longestMs the longest window that will be asked about: older arrivals are dropped */
export function createArrivalLog(longestMs: number): ArrivalLog {
  let kept: number[] = [];
  let dropped = 0;

  /** The place of the first arrival later than `moment`. */
  const firstAfter = (moment: number): number => {
    let low = dropped;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((kept[middle] ?? 0) > moment) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  return {
    add: (at) => {
      kept.push(at);
      dropped = Math.max(firstAfter(at - longestMs), kept.length - MAX_KEPT);
      if (dropped > 1_000 && dropped > kept.length / 2) {
        kept = kept.slice(dropped);
        dropped = 0;
      }
    },
    countWithin: (windowMs, at) => kept.length - firstAfter(at - windowMs),
    roomAt: (windowMs, limit) => (kept[kept.length - limit] ?? Number.NEGATIVE_INFINITY) + windowMs,
  };
}
