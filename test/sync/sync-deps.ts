import { pino } from 'pino';
import { createRecorder } from '../../src/inventory/record.ts';
import type { Gate } from '../../src/outbound/supplier-call.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import type { Database, Queryable } from '../../src/store/database.ts';
import type { SyncDeps } from '../../src/sync/run.ts';
import type { ScriptedSupplier } from './scripted-supplier.ts';
import type { Clock } from '../../src/domain/clock.ts';

/** The real recorder on a real database; the supplier answers without calls, so there is no gate to pass. */
export function createSyncDeps(
  db: Database,
  clock: Clock,
  suppliers: readonly ScriptedSupplier[],
  owner = 'test',
): SyncDeps {
  const gate: Gate = { callFor: () => () => Promise.reject(new Error('A scripted supplier makes no calls.')) };
  return {
    db,
    recorder: createRecorder({ db, wake: memoryWake(), clock }),
    gate,
    suppliers: suppliers.map((supplier) => supplier.connected),
    clock,
    random: () => 0.5,
    log: pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
    owner,
  };
}

/** What the copy says of a supplier's stock, by the supplier's number. */
export async function readCopy(db: Queryable, supplier: string): Promise<Map<string, number | null>> {
  const rows = (await db
    .knex('offers')
    .join('stock_levels', 'offers.offer_id', 'stock_levels.offer_id')
    .where({ supplier })
    .select('supplier_part_number', 'quantity')) as { supplier_part_number: string; quantity: number | null }[];
  return new Map(rows.map((row) => [row.supplier_part_number, row.quantity]));
}
