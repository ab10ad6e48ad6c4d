import type { OfferId } from '../domain/identity.ts';
import { quantityValue } from '../domain/quantity.ts';
import type { Queryable } from './database.ts';
import { timeValues } from './fact-times.ts';
import type { TimedLevel } from '../domain/fact-time.ts';
import { upsertRows } from './upsert.ts';
import type { Upsert } from './upsert.ts';

/** Sorted by offer and location. Only for who holds the lock of the offers. */
export async function writeLevels(
  t: Queryable,
  levels: readonly { readonly offerId: OfferId; readonly level: TimedLevel }[],
): Promise<void> {
  const rows = levels.map(({ offerId, level }) => [
    offerId,
    level.location,
    level.quantity.quality,
    quantityValue(level.quantity),
    ...timeValues(level.time),
  ]);
  await upsertRows(t, LEVELS, rows);
}

const FACT_COLUMNS = ['quality', 'quantity', 'version', 'observed_at', 'source_as_of'];
const LEVELS: Upsert = {
  table: 'stock_levels',
  key: ['offer_id', 'location'],
  columns: ['offer_id', 'location', ...FACT_COLUMNS],
  updates: FACT_COLUMNS,
  order: ['version', 'observed_at'],
};
