import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { SupplierId } from '../domain/identity.ts';
import { LANES, type Lane } from '../domain/lane.ts';
import type { Limit, LimitScope, Profile } from '../domain/profile.ts';
import type { CallCount, CountCalls } from '../store/call-counts.ts';
import { errorCode } from '../store/database.ts';
import type { Budget, LearntLimits, StatedRemainder, WindowUse } from './budget.ts';
import type { Strikes, StrikesLeft } from './strikes.ts';
import type { SupplierConnection } from './supplier-call.ts';
import { keptBack, ourPart } from './windows.ts';

/** What of a supplier's budget is used, by whom, and how long it lasts. Moments in epoch ms on this process's clock. */
export interface SupplierQuota {
  readonly supplier: SupplierId;
  readonly isPastKnown: boolean;
  readonly pausedUntil: number | null;
  readonly windows: readonly WindowQuota[];
  readonly lanes: readonly LaneQuota[];
  readonly strikes: readonly StrikesLeft[];
  /** What the supplier said remains, where that was less than our own count. */
  readonly remainders: readonly StatedRemainder[];
}

export interface WindowQuota {
  readonly limitName: string;
  readonly scope: LimitScope;
  /** 0 bounds calls in flight. */
  readonly windowMs: number;
  /** As the supplier states it. */
  readonly limit: number;
  /** After our share. */
  readonly ours: number;
  /** After what was learnt from the supplier's answers: never more than `ours`. */
  readonly effective: number;
  /** What the supplier's answers state for it, for all programs together; null where they state nothing lower. */
  readonly stated: number | null;
  /** The part that is used after refusals that our own count does not explain, in (0, 1]. */
  readonly cautionFactor: number;
  readonly occupied: number;
  readonly freesAt: number | null;
  /** Lanes that must leave a part, the most urgent first. */
  readonly keptBack: readonly LaneReserve[];
  readonly projectedExhaustionAt: number | null;
}

export interface LaneReserve {
  readonly lane: Lane;
  readonly calls: number;
}

export interface LaneQuota {
  readonly lane: Lane;
  readonly callsLastHour: number;
  /** Calls of this process that wait for a permit. */
  readonly waiting: number;
}

export interface Quotas {
  /**
   * @returns null where no such supplier is configured
   * @throws GatewayError STORE_UNAVAILABLE where the budget or the ledger cannot be reached
   */
  of(supplier: SupplierId): Promise<SupplierQuota | null>;
}

export interface QuotaParts {
  readonly connections: readonly SupplierConnection[];
  readonly budget: Budget;
  readonly strikes: Pick<Strikes, 'refresh' | 'left'>;
  readonly countCalls: CountCalls;
  readonly clock: Clock;
  readonly log: Logger;
}

const HOUR_MS = 3_600_000;
/** The pace of the last while: long enough to have a pace, short enough to follow a run that begins. */
const LATELY_MS = 5 * 60_000;

export function createQuotas(parts: QuotaParts): Quotas {
  return {
    async of(supplier) {
      const connection = parts.connections.find((one) => one.supplier === supplier);
      if (connection === undefined) return null;
      try {
        return await quotaOf(parts, connection);
      } catch (error) {
        parts.log.warn({ supplier, code: errorCode(error) }, 'quota not read');
        throw new GatewayError(
          'STORE_UNAVAILABLE',
          `The place where calls to ${supplier} are counted cannot be reached, so no call is made and nothing is known of its limits. Try again.`,
        );
      }
    },
  };
}

export interface Pace {
  readonly now: number;
  readonly windowMs: number;
  readonly limit: number;
  readonly occupied: number;
  /** Permits granted in each ms of the last while. */
  readonly grantsPerMs: number;
}

/**
 * When a window is full if calls go on at their pace. At a pace of r a window of W comes to hold r·W calls: where that is no more
 * than its limit it never fills. On the way there, what is in it leaves evenly: n(t) = rW + (n − rW)·e^(−t/W).
 * @returns epoch ms, `now` where it is full already; null where it does not fill
 */
export function projectedExhaustionAt({ now, windowMs, limit, occupied, grantsPerMs }: Pace): number | null {
  if (occupied >= limit) return now;
  const comesToHold = grantsPerMs * windowMs;
  if (comesToHold <= limit) return null;
  return now + Math.ceil(windowMs * Math.log((comesToHold - occupied) / (comesToHold - limit)));
}

async function quotaOf(parts: QuotaParts, connection: SupplierConnection): Promise<SupplierQuota> {
  const { supplier, profile } = connection;
  const now = parts.clock.now();
  const [usage, learnt, counts] = await Promise.all([
    parts.budget.usage(connection),
    parts.budget.learnt(connection),
    parts.countCalls(supplier, now - HOUR_MS, now - LATELY_MS),
    parts.strikes.refresh(supplier),
  ]);
  const waiting = parts.budget.waiting(supplier);
  return {
    supplier,
    isPastKnown: usage.isPastKnown,
    pausedUntil: usage.pausedUntil,
    windows: usage.windows.flatMap((use) => {
      const limit = profile.limits.find(({ name }) => name === use.limitName);
      return limit === undefined ? [] : [windowQuota(connection, limit, use, { learnt, counts, now })];
    }),
    lanes: LANES.map((lane) => ({
      lane,
      callsLastHour: sum(counts.filter((count) => count.lane === lane).map(({ calls }) => calls)),
      waiting: waiting.get(lane) ?? 0,
    })),
    strikes: parts.strikes.left(connection),
    remainders: learnt.rests,
  };
}

function windowQuota(
  { account, profile }: SupplierConnection,
  limit: Limit,
  use: WindowUse,
  { learnt, counts, now }: { learnt: LearntLimits; counts: readonly CallCount[]; now: number },
): WindowQuota {
  const lowered = learnt.windows.find((one) => one.limitName === limit.name && one.windowMs === use.windowMs);
  const { windowMs, occupied, freesAt } = use;
  const inProfile = limit.windows.find((window) => window.windowMs === windowMs)?.limit ?? use.limit;
  const lately = counts
    .filter((count) => limit.counts === 'all' || limit.counts.includes(count.callClass))
    .filter((count) => limit.scope === 'address' || count.account === account)
    .map((count) => count.lately);
  const pace = { now, windowMs, limit: use.limit, occupied, grantsPerMs: sum(lately) / LATELY_MS };
  return {
    limitName: limit.name,
    scope: limit.scope,
    windowMs,
    limit: inProfile,
    ours: ourPart(inProfile, profile),
    effective: use.limit,
    stated: lowered?.stated ?? null,
    cautionFactor: lowered?.factor ?? 1,
    occupied,
    freesAt,
    keptBack: keptBackFrom(profile, use),
    projectedExhaustionAt: projectedExhaustionAt(pace),
  };
}

function keptBackFrom(profile: Profile, { limit, windowMs }: WindowUse): WindowQuota['keptBack'] {
  return LANES.flatMap((lane) => {
    const calls = keptBack(limit, windowMs, profile.keptBack[lane] ?? 0);
    return calls > 0 ? [{ lane, calls }] : [];
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
