import { createHash } from 'node:crypto';
import type { Cause } from '../domain/change.ts';
import type { SupplierId, SupplierPartNumber } from '../domain/identity.ts';
import { MAX_RAW_LENGTH } from '../domain/observation.ts';
import type { Rejection } from '../domain/observation.ts';
import { inChunks, KEYS_PER_STATEMENT, ROWS_PER_STATEMENT } from './database.ts';
import type { Queryable } from './database.ts';

/** A piece of an answer that could not be taken. Times in epoch milliseconds. */
export interface DeadLetter {
  /** Derived from supplier, key and reason. */
  readonly id: string;
  readonly supplier: SupplierId;
  readonly supplierPartNumber: SupplierPartNumber | null;
  readonly reason: string;
  /** As it came the last time. */
  readonly raw: string;
  /** What brought it the last time. */
  readonly cause: Cause;
  readonly times: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

const MAX_KEY_LENGTH = 128;
const MAX_REASON_LENGTH = 1_000;

/**
 * Keeps what could not be taken, in the caller's transaction. The same supplier, key and reason again counts `times` up and
 * moves `lastAt` instead of adding a row. Texts longer than their column are cut.
 * @param at epoch milliseconds
 */
export async function insertDeadLetters(
  t: Queryable,
  origin: { readonly cause: Cause },
  rejections: readonly Rejection[],
  at: number,
): Promise<void> {
  const given =
    t.dialect === 'mysql' ? (column: string) => `VALUES(${column})` : (column: string) => `excluded.${column}`;
  for (const rows of inChunks(rowsById(origin.cause, rejections, at), ROWS_PER_STATEMENT)) {
    await t
      .knex('dead_letters')
      .insert(rows)
      .onConflict('id')
      .merge({
        times: t.knex.raw(`dead_letters.times + ${given('times')}`),
        raw: t.knex.raw(given('raw')),
        cause: t.knex.raw(given('cause')),
        last_at: t.knex.raw(given('last_at')),
      });
  }
}

/** The latest first. */
export async function readDeadLetters(db: Queryable, limit: number): Promise<DeadLetter[]> {
  const rows = (await db
    .knex('dead_letters')
    .orderBy([
      { column: 'last_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(limit)) as Row[];
  return rows.map((row) => ({
    id: row.id,
    supplier: row.supplier,
    supplierPartNumber: row.supplier_part_number,
    reason: row.reason,
    raw: row.raw,
    cause: row.cause,
    times: Number(row.times),
    firstAt: Number(row.first_at),
    lastAt: Number(row.last_at),
  }));
}

/** How many different dead letters there are. */
export async function countDeadLetters(db: Queryable): Promise<number> {
  const rows = await db.knex('dead_letters').count<{ n: number | string }[]>({ n: '*' });
  return Number(rows[0]?.n ?? 0);
}

/** Forgets what did not come again since a moment, at most `KEYS_PER_STATEMENT` of them. */
export async function pruneDeadLetters(db: Queryable, lastBefore: number): Promise<void> {
  const old = db.knex<Row>('dead_letters').where('last_at', '<', lastBefore);
  const rows = await old.orderBy('last_at').limit(KEYS_PER_STATEMENT).select('id');
  const ids = rows.map((row) => row.id);
  // Looked at again, as one may have come in between.
  await db.knex('dead_letters').whereIn('id', ids).andWhere('last_at', '<', lastBefore).delete();
}

interface Row {
  id: string;
  supplier: string;
  supplier_part_number: string | null;
  reason: string;
  raw: string;
  cause: Cause;
  times: number;
  first_at: number;
  last_at: number;
}

/** One row an id, in the order of the ids: two writers then lock in the same order. */
function rowsById(cause: Cause, rejections: readonly Rejection[], at: number): Row[] {
  const rows = new Map<string, Row>();
  for (const rejection of rejections) {
    const key = rejection.supplierPartNumber?.slice(0, MAX_KEY_LENGTH) ?? null;
    const reason = rejection.reason.slice(0, MAX_REASON_LENGTH);
    const id = deadLetterId(rejection.supplier, key, reason);
    rows.set(id, {
      id,
      supplier: rejection.supplier,
      supplier_part_number: key,
      reason,
      raw: rejection.raw.slice(0, MAX_RAW_LENGTH),
      cause,
      times: (rows.get(id)?.times ?? 0) + 1,
      first_at: at,
      last_at: at,
    });
  }
  return [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function deadLetterId(supplier: string, key: string | null, reason: string): string {
  return createHash('sha256')
    .update(JSON.stringify([supplier, key, reason]))
    .digest('base64url')
    .slice(0, 16);
}
