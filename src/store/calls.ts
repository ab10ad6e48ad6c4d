import type { SupplierId } from '../domain/identity.ts';
import type { Lane } from '../domain/lane.ts';
import { inChunks, KEYS_PER_STATEMENT, type Queryable } from './database.ts';

/** One permit's use. Times in epoch milliseconds on the budget's clock. */
export interface LedgerCall {
  readonly permit: string;
  readonly supplier: SupplierId;
  readonly account: string;
  readonly callClass: string;
  readonly lane: Lane;
  readonly grantedAt: number;
  /** How long after the grant the call could still arrive, if it is not answered. */
  readonly holdMs: number;
  /** Null while no answer came. */
  readonly answeredAt: number | null;
  /** When the permit was asked for, on the wall clock of the calling host; null in rows older than this field. */
  readonly wallAt: number | null;
  /** Until when the answer asked for a pause; null where it asked for none. */
  readonly pausedUntil: number | null;
}

/** The same moment on the budget's clock and on a wall clock. */
export interface LedgerMoment {
  readonly budget: number;
  readonly wall: number;
}

/** Every supplier call, written before its first byte is sent. */
export interface CallLedger {
  /** Rejects where the row is not surely there: the call must not be made then. */
  record(call: Omit<LedgerCall, 'answeredAt' | 'pausedUntil'>): Promise<void>;
  complete(permit: string, answeredAt: number, status: number | null): Promise<void>;
  /** Notes that the answer asked for a pause. */
  notePause(permit: string, until: number): Promise<void>;
  /**
   * Calls of a supplier granted at `since` or later by one of the two clocks, and maybe some more; the oldest first.
   * @param after the last call of the page before; null for the first
   */
  recent(supplier: SupplierId, since: LedgerMoment, after: LedgerCall | null): Promise<LedgerCall[]>;
}

/** What of the ledger occupied a window at some moment. Times in epoch ms on the budget's clock. */
export interface OccupancyQuestion {
  readonly supplier: SupplierId;
  /** Null counts all accounts. */
  readonly account: string | null;
  /** Null counts every class. */
  readonly callClasses: readonly string[] | null;
  /** 0 counts calls in flight. */
  readonly windowMs: number;
  readonly at: number;
}

/** Counts as the budget does: from the grant to `windowMs` after the answer, or after the last moment it could have come. */
export type CountOccupied = (question: OccupancyQuestion) => Promise<number>;

/** No call is held for longer. */
const HOLD_AT_MOST_MS = 10 * 60_000;

/** For the rare question what our own log says of a moment gone by: reads as many rows as the window holds. */
export function countOccupiedIn(db: Queryable): CountOccupied {
  return async ({ supplier, account, callClasses, windowMs, at }) => {
    const query = db
      .knex('supplier_calls')
      .where({ supplier })
      .where('granted_at_ms', '>', at - windowMs - HOLD_AT_MOST_MS)
      .where('granted_at_ms', '<=', at)
      .whereRaw('COALESCE(answered_at_ms, granted_at_ms + hold_ms) > ?', [at - windowMs])
      .count({ calls: '*' })
      .timeout(WRITE_WITHIN_MS);
    if (account !== null) void query.where({ account });
    if (callClasses !== null) void query.whereIn('call_class', callClasses);
    const [row] = (await query) as { calls: number | string }[];
    return Number(row?.calls ?? 0);
  };
}

/** Rows of one page of the past: a day at 30,000 calls is eight pages. */
export const LEDGER_PAGE_ROWS = 4_000;
/** A ledger that does not answer must not hold a permit past its age. */
const WRITE_WITHIN_MS = 1_000;

export function callLedger(db: Queryable): CallLedger {
  return {
    async record(call) {
      await db
        .knex('supplier_calls')
        .insert({
          permit_id: call.permit,
          supplier: call.supplier,
          account: call.account,
          call_class: call.callClass,
          lane: call.lane,
          granted_at_ms: call.grantedAt,
          hold_ms: call.holdMs,
          wall_at_ms: call.wallAt === null ? null : Math.floor(call.wallAt),
        })
        .timeout(WRITE_WITHIN_MS);
    },
    async complete(permit, answeredAt, status) {
      await db
        .knex('supplier_calls')
        .where({ permit_id: permit })
        .update({ answered_at_ms: answeredAt, status })
        .timeout(WRITE_WITHIN_MS);
    },
    async notePause(permit, until) {
      await db
        .knex('supplier_calls')
        .where({ permit_id: permit })
        .update({ paused_until_ms: Math.ceil(until) })
        .timeout(WRITE_WITHIN_MS);
    },
    async recent(supplier, since, after) {
      const from = after?.grantedAt ?? Math.min(since.budget, await firstSince(db, supplier, since.wall));
      const query = db
        .knex('supplier_calls')
        .where({ supplier })
        .where('granted_at_ms', '>=', from)
        .orderBy(['granted_at_ms', 'permit_id'])
        .limit(LEDGER_PAGE_ROWS);
      if (after !== null) void query.whereRaw('(granted_at_ms, permit_id) > (?, ?)', [after.grantedAt, after.permit]);
      return ((await query) as CallRow[]).map(toCall);
    },
  };
}

/** The earliest grant on the budget's clock of all that were made since a moment of the wall clock. */
async function firstSince(db: Queryable, supplier: SupplierId, wallAt: number): Promise<number> {
  const [row] = (await db
    .knex('supplier_calls')
    .where({ supplier })
    .where('wall_at_ms', '>=', wallAt)
    .min({ first: 'granted_at_ms' })) as { first: number | string | null }[];
  const first = row?.first ?? null;
  return first === null ? Infinity : Number(first);
}

/**
 * Forgets calls granted before a moment; to be run now and then with a moment past the longest window of any supplier.
 * @returns how many rows went
 */
export async function pruneCalls(db: Queryable, grantedBefore: number): Promise<number> {
  const rows = await db
    .knex<CallRow>('supplier_calls')
    .where('granted_at_ms', '<', grantedBefore)
    // Where the budget's clock is behind, the wall clock says how old a call is.
    .whereRaw('COALESCE(wall_at_ms, granted_at_ms) < ?', [grantedBefore])
    .limit(LEDGER_PAGE_ROWS)
    .select('permit_id');
  for (const ids of inChunks(rows, KEYS_PER_STATEMENT)) {
    await db
      .knex('supplier_calls')
      .whereIn(
        'permit_id',
        ids.map((row) => row.permit_id),
      )
      .delete();
  }
  return rows.length;
}

interface CallRow {
  readonly permit_id: string;
  readonly supplier: string;
  readonly account: string;
  readonly call_class: string;
  readonly lane: Lane;
  readonly granted_at_ms: number | string;
  readonly answered_at_ms: number | string | null;
  readonly hold_ms: number | string;
  readonly wall_at_ms: number | string | null;
  readonly paused_until_ms: number | string | null;
}

function toCall(row: CallRow): LedgerCall {
  return {
    permit: row.permit_id,
    supplier: row.supplier,
    account: row.account,
    callClass: row.call_class,
    lane: row.lane,
    grantedAt: Number(row.granted_at_ms),
    holdMs: Number(row.hold_ms),
    answeredAt: numberOrNull(row.answered_at_ms),
    wallAt: numberOrNull(row.wall_at_ms),
    pausedUntil: numberOrNull(row.paused_until_ms),
  };
}

function numberOrNull(value: number | string | null): number | null {
  return value === null ? null : Number(value);
}
