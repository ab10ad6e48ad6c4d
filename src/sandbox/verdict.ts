import type { CallClass, Limit, LimitWindow } from '../domain/profile.ts';
import { createArrivalLog, type ArrivalLog } from './arrival-log.ts';

/**
 * The judge of a caller's promise to keep the limits. Deliberately simple and shares nothing with any caller's own counting:
 * it takes the moment each call arrived and counts, for every arrival, how many arrived in the window that ends with it.
 */
export interface Judge {
  arrive(call: Arrival): Judged;
  verdict(): Verdict;
}

export interface Arrival {
  readonly callClass: CallClass;
  /** Whose call it is. */
  readonly credential: string;
  /** Where it came from. */
  readonly address: string;
  /** Monotonic milliseconds, never less than the last arrival's. */
  readonly at: number;
}

export interface Judged {
  /** How each window stands with this arrival counted. */
  readonly standings: readonly Standing[];
  /** Says how the call was met; once. */
  readonly met: (how: 'answered' | 'refused') => void;
  /** Says that the call is over, for limits on calls in flight. Saying it again does nothing. */
  readonly left: () => void;
}

export interface Standing extends LimitWindow {
  readonly name: string;
  readonly count: number;
  /** When one more call would keep to the window, on the clock of `at`. */
  readonly roomAt: number;
}

export interface Verdict {
  /** Every call that arrived, refused ones too. */
  readonly arrivals: number;
  readonly answered: number;
  /** Met with 429. */
  readonly refused: number;
  readonly windows: readonly WindowVerdict[];
  readonly callsByClass: Readonly<Record<CallClass, number>>;
}

export interface WindowVerdict extends LimitWindow {
  readonly name: string;
  /** The most arrivals in any one window, refused ones too. For `windowMs` 0: the most calls in flight. */
  readonly greatest: number;
  /** Arrivals with which their window held more than the limit. */
  readonly violations: number;
  /** Arrivals over what the limit allows from the first to the last of them (1 = all of it); null for calls in flight. */
  readonly utilisation: number | null;
}

/** Callers told apart by one limit; those beyond are counted together, which is stricter. */
const MAX_CALLERS = 1_000;

interface WindowScore {
  greatest: number;
  violations: number;
}

/** What one limit has counted of one caller. */
interface Count {
  readonly log: ArrivalLog;
  readonly scores: readonly WindowScore[];
  readonly firstAt: number;
  lastAt: number;
  arrivals: number;
  inFlight: number;
}

export function createJudge(limits: readonly Limit[]): Judge {
  const countsByLimit = new Map(limits.map((limit) => [limit, new Map<string, Count>()]));
  const callsByClass: Record<CallClass, number> = {};
  const totals = { arrivals: 0, answered: 0, refused: 0 };

  const arrive = (call: Arrival): Judged => {
    totals.arrivals += 1;
    callsByClass[call.callClass] = (callsByClass[call.callClass] ?? 0) + 1;
    const counted: Count[] = [];
    const standings = limits.flatMap((limit) => {
      if (limit.counts !== 'all' && !limit.counts.includes(call.callClass)) return [];
      const count = countFor(countsByLimit, limit, call);
      counted.push(count);
      return takeArrival(limit, count, call.at);
    });
    let isHere = true;
    const left = (): void => {
      if (isHere) for (const count of counted) count.inFlight -= 1;
      isHere = false;
    };
    return { standings, met: (how) => void (totals[how] += 1), left };
  };

  const verdict = (): Verdict => ({
    ...totals,
    windows: limits.flatMap((limit) => windowVerdicts(limit, [...(countsByLimit.get(limit)?.values() ?? [])])),
    callsByClass: { ...callsByClass },
  });

  return { arrive, verdict };
}

function countFor(countsByLimit: ReadonlyMap<Limit, Map<string, Count>>, limit: Limit, call: Arrival): Count {
  const counts = countsByLimit.get(limit) ?? new Map<string, Count>();
  const caller = limit.scope === 'credential' ? call.credential : call.address;
  const key = counts.has(caller) || counts.size < MAX_CALLERS ? caller : '(others)';
  const known = counts.get(key);
  if (known !== undefined) return known;
  const count: Count = {
    log: createArrivalLog(Math.max(...limit.windows.map((window) => window.windowMs))),
    scores: limit.windows.map(() => ({ greatest: 0, violations: 0 })),
    firstAt: call.at,
    lastAt: call.at,
    arrivals: 0,
    inFlight: 0,
  };
  counts.set(key, count);
  return count;
}

function takeArrival(limit: Limit, count: Count, at: number): Standing[] {
  count.log.add(at);
  count.lastAt = at;
  count.arrivals += 1;
  count.inFlight += 1;
  return limit.windows.map((window, index) => {
    const isInFlight = window.windowMs === 0;
    const held = isInFlight ? count.inFlight : count.log.countWithin(window.windowMs, at);
    const score = count.scores[index];
    if (score !== undefined) {
      score.greatest = Math.max(score.greatest, held);
      if (held > window.limit) score.violations += 1;
    }
    const roomAt = isInFlight ? at : count.log.roomAt(window.windowMs, window.limit);
    return { ...window, name: limit.name, count: held, roomAt };
  });
}

/** Over all callers of a limit: the worst of each, violations added up. */
function windowVerdicts(limit: Limit, counts: readonly Count[]): WindowVerdict[] {
  return limit.windows.map((window, index) => {
    const scores = counts.flatMap((count) => count.scores[index] ?? []);
    return {
      name: limit.name,
      ...window,
      greatest: Math.max(0, ...scores.map((score) => score.greatest)),
      violations: scores.reduce((sum, score) => sum + score.violations, 0),
      utilisation: window.windowMs === 0 ? null : Math.max(0, ...counts.map((count) => utilisation(window, count))),
    };
  });
}

/** A span shorter than the window is counted as one window: a burst at the start uses it up. */
function utilisation(window: LimitWindow, count: Count): number {
  const windows = Math.max(1, (count.lastAt - count.firstAt) / window.windowMs);
  return Math.round((count.arrivals / (windows * window.limit)) * 1_000) / 1_000;
}
