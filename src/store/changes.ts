import type { Cause, StockChange } from '../domain/change.ts';
import type { PartId, SupplierId } from '../domain/identity.ts';
import type { QuantityQuality } from '../domain/quantity.ts';
import { KEYS_PER_STATEMENT } from './database.ts';
import type { Queryable } from './database.ts';
import { quantityOf } from './fact-times.ts';
import { placeholders, selectRows } from './select-rows.ts';

/** Narrows changes: fields join with "and", lists with "or"; at most 1,000 entries a list. */
export interface ChangeFilter {
  readonly partIds?: readonly PartId[];
  readonly suppliers?: readonly SupplierId[];
}

/** What the feed still keeps: `oldest` to `newest`, both included; `oldest` is `newest + 1` where nothing is kept. */
export interface ChangePositions {
  readonly oldest: number;
  readonly newest: number;
}

/**
 * Changes behind `afterPosition`, oldest first, at most `limit`.
 * @param upTo looks no further than this position, which bounds the work where the filter fits little
 */
export async function readChanges(
  db: Queryable,
  afterPosition: number,
  limit: number,
  filter: ChangeFilter = {},
  upTo: number = Number.MAX_SAFE_INTEGER,
): Promise<StockChange[]> {
  const conditions = ['position > ?', 'position <= ?'];
  const bindings: (string | number)[] = [afterPosition, upTo];
  for (const [column, values] of [
    ['part_id', filter.partIds],
    ['supplier', filter.suppliers],
  ] as const) {
    if (values === undefined) continue;
    if (values.length === 0) return [];
    conditions.push(`${column} IN (${placeholders(values.length)})`);
    bindings.push(...values);
  }
  const rows = await selectRows<ChangeRow>(
    db,
    `SELECT position, supplier, supplier_part_number, offer_id, part_id, location, before_quality, before_quantity,
       after_quality, after_quantity, cause, version, recorded_at
     FROM changes WHERE ${conditions.join(' AND ')} ORDER BY position LIMIT ?`,
    [...bindings, limit],
  );
  return rows.map(toChange);
}

export async function changePositions(db: Queryable): Promise<ChangePositions> {
  const rows = await selectRows<{ newest: number; oldest: number | null }>(
    db,
    'SELECT position AS newest, (SELECT MIN(position) FROM changes) AS oldest FROM change_position WHERE id = 1',
    [],
  );
  const newest = rows[0]?.newest ?? 0;
  return { newest, oldest: rows[0]?.oldest ?? newest + 1 };
}

/**
 * Drops the changes before `beforePosition`, in steps of 1,000 so that no lock is held long.
 * @returns how many were dropped
 */
export async function pruneChanges(db: Queryable, beforePosition: number): Promise<number> {
  let dropped = 0;
  for (let { oldest } = await changePositions(db); oldest < beforePosition; oldest += KEYS_PER_STATEMENT) {
    const end = Math.min(oldest + KEYS_PER_STATEMENT, beforePosition);
    dropped += await db.knex('changes').where('position', '<', end).delete();
  }
  return dropped;
}

interface ChangeRow {
  position: number;
  supplier: string;
  supplier_part_number: string;
  offer_id: string;
  part_id: string | null;
  location: string;
  before_quality: QuantityQuality | null;
  before_quantity: number | null;
  after_quality: QuantityQuality;
  after_quantity: number | null;
  cause: Cause;
  version: number;
  recorded_at: number;
}

function toChange(row: ChangeRow): StockChange {
  return {
    position: row.position,
    supplier: row.supplier,
    supplierPartNumber: row.supplier_part_number,
    offerId: row.offer_id,
    partId: row.part_id,
    location: row.location,
    before: row.before_quality === null ? null : quantityOf(row.before_quality, row.before_quantity),
    after: quantityOf(row.after_quality, row.after_quantity),
    cause: row.cause,
    version: row.version,
    recordedAt: row.recorded_at,
  };
}
