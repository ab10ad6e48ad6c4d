import type { SupplierId } from '../domain/identity.ts';
import type { Database, Queryable } from './database.ts';

/** One time a supplier said that a window of its limits was exceeded. */
export interface Strike {
  readonly supplier: SupplierId;
  /** Whose limit; `address` for one that counts all accounts of the supplier together. */
  readonly account: string;
  readonly limitName: string;
  readonly windowMs: number;
  /** Epoch ms. */
  readonly at: number;
  /** Our own log shows the window full. */
  readonly isExplained: boolean;
}

export interface StrikeBook {
  /** @returns false where the window has a strike already */
  add(strike: Strike): Promise<boolean>;
  /** Of all accounts of a supplier, the oldest first; at most `STRIKES_AT_MOST`, the latest. */
  since(supplier: SupplierId, since: number): Promise<Strike[]>;
}

export const STRIKES_AT_MOST = 1_000;
/** The shortest time in which several refusals are one strike: calls under way together are refused together. */
const TOGETHER_MS = 60_000;

export function strikeBook(db: Database): StrikeBook {
  return {
    async add(strike) {
      const spanMs = Math.max(strike.windowMs, TOGETHER_MS);
      const window = {
        supplier: strike.supplier,
        account: strike.account,
        limit_name: strike.limitName,
        window_ms: strike.windowMs,
      };
      const known = await db
        .knex<StrikeRow>('supplier_strikes')
        .where(window)
        .where('at_ms', '>', strike.at - spanMs)
        .first('at_ms');
      if (known !== undefined) return false;
      const row = {
        ...window,
        window_number: Math.floor(strike.at / spanMs),
        at_ms: strike.at,
        is_explained: strike.isExplained,
      };
      const columns = ['supplier', 'account', 'limit_name', 'window_ms', 'window_number'];
      await db.knex('supplier_strikes').insert(row).onConflict(columns).ignore();
      const kept = await db
        .knex<StrikeRow>('supplier_strikes')
        .where({ ...window, window_number: row.window_number })
        .first('at_ms');
      return Number(kept?.at_ms) === strike.at;
    },
    async since(supplier, since) {
      const rows = await db
        .knex<StrikeRow>('supplier_strikes')
        .where({ supplier })
        .where('at_ms', '>=', since)
        .orderBy('at_ms', 'desc')
        .limit(STRIKES_AT_MOST);
      return rows.map(toStrike).reverse();
    },
  };
}

/** Forgets strikes before a moment. */
export async function pruneStrikes(db: Queryable, before: number): Promise<void> {
  await db.knex('supplier_strikes').where('at_ms', '<', before).delete();
}

interface StrikeRow {
  supplier: string;
  account: string;
  limit_name: string;
  window_ms: number | string;
  window_number: number | string;
  at_ms: number | string;
  is_explained: number | boolean;
}

function toStrike(row: StrikeRow): Strike {
  return {
    supplier: row.supplier,
    account: row.account,
    limitName: row.limit_name,
    windowMs: Number(row.window_ms),
    at: Number(row.at_ms),
    isExplained: Boolean(row.is_explained),
  };
}
