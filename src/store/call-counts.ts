import type { SupplierId } from '../domain/identity.ts';
import type { Lane } from '../domain/lane.ts';
import type { Queryable } from './database.ts';

/** How many permits of one kind were used, as the call ledger has it. */
export interface CallCount {
  readonly account: string;
  readonly callClass: string;
  readonly lane: Lane;
  readonly calls: number;
  /** Of these the ones since the later of the two moments. */
  readonly lately: number;
}

/**
 * Counts a supplier's calls by account, class and lane.
 * @param since granted then or later, epoch ms on the budget's clock
 * @param latelySince the same, for `lately`
 */
export type CountCalls = (supplier: SupplierId, since: number, latelySince: number) => Promise<CallCount[]>;

/** Reads as many rows as there were calls, by the index that the past is rebuilt by: for a person who looks, not for each call. */
export function countCallsIn(db: Queryable): CountCalls {
  return async (supplier, since, latelySince) => {
    const rows = (await db
      .knex('supplier_calls')
      .where({ supplier })
      .where('granted_at_ms', '>=', since)
      .groupBy('account', 'call_class', 'lane')
      .select('account', 'call_class', 'lane')
      .count({ calls: '*' })
      .select(
        db.knex.raw('SUM(CASE WHEN granted_at_ms >= ? THEN 1 ELSE 0 END) AS lately', [latelySince]),
      )) as unknown as CountRow[];
    return rows.map((row) => ({
      account: row.account,
      callClass: row.call_class,
      lane: row.lane,
      calls: Number(row.calls),
      lately: Number(row.lately),
    }));
  };
}

interface CountRow {
  readonly account: string;
  readonly call_class: string;
  readonly lane: Lane;
  readonly calls: number | string;
  readonly lately: number | string;
}
