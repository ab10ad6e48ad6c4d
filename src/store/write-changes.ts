import type { StockChange } from '../domain/change.ts';
import { quantityValue } from '../domain/quantity.ts';
import type { Queryable } from './database.ts';
import { selectRows } from './select-rows.ts';
import { upsertRows } from './upsert.ts';
import type { Upsert } from './upsert.ts';

/**
 * Gives each change its position and adds it to the feed. Has to be the last thing its transaction does: from here to the commit no
 * other transaction gets a position, which makes positions dense and their order the order of commits. A roll-back gives them back.
 */
export async function appendChanges(
  t: Queryable,
  changes: readonly Omit<StockChange, 'position'>[],
): Promise<StockChange[]> {
  if (changes.length === 0) return [];
  await t.knex.raw('UPDATE change_position SET position = position + ? WHERE id = 1', [changes.length]);
  const rows = await selectRows<{ position: number }>(t, 'SELECT position FROM change_position WHERE id = 1', []);
  const last = rows[0]?.position;
  if (last === undefined) throw new Error('The row of change_position is missing: run the migrations.');
  const first = last - changes.length + 1;
  const positioned = changes.map((change, index) => ({ position: first + index, ...change }));
  await upsertRows(t, CHANGES, positioned.map(changeValues));
  return positioned;
}

const CHANGES: Upsert = {
  table: 'changes',
  key: ['position'],
  columns: [
    'position',
    'supplier',
    'supplier_part_number',
    'offer_id',
    'part_id',
    'location',
    'before_quality',
    'before_quantity',
    'after_quality',
    'after_quantity',
    'cause',
    'version',
    'recorded_at',
  ],
  updates: [],
  order: null,
};

function changeValues(change: StockChange): (string | number | null)[] {
  return [
    change.position,
    change.supplier,
    change.supplierPartNumber,
    change.offerId,
    change.partId,
    change.location,
    change.before?.quality ?? null,
    change.before === null ? null : quantityValue(change.before),
    change.after.quality,
    quantityValue(change.after),
    change.cause,
    change.version,
    change.recordedAt,
  ];
}
