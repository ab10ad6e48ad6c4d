import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callLedger, LEDGER_PAGE_ROWS, pruneCalls, type LedgerCall } from '../../src/store/calls.ts';
import { inChunks } from '../../src/store/database.ts';
import { createTestDatabase, DIALECTS, type TestDatabase } from '../sync/test-database.ts';

describe.each(DIALECTS)('call ledger on %s', (dialect) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(dialect);
  });
  afterAll(() => database.remove());

  const call = { account: 'main', callClass: 'read', lane: 'scheduled' as const, holdMs: 30_000, wallAt: 900 };

  const since = (moment: number) => ({ budget: moment, wall: moment });

  it('tells what was recorded and completed, of one supplier, from a moment on', async () => {
    const ledger = callLedger(database.db);
    await ledger.record({ ...call, supplier: 'a', permit: 'p1', grantedAt: 1_000 });
    await ledger.record({ ...call, supplier: 'a', permit: 'p2', grantedAt: 1_700_000_000_123 });
    await ledger.record({ ...call, supplier: 'A', permit: 'p3', grantedAt: 1_700_000_000_124 });
    await ledger.complete('p2', 1_700_000_000_456, 200);
    expect(await ledger.recent('a', since(2_000), null)).toEqual([
      {
        ...call,
        supplier: 'a',
        permit: 'p2',
        grantedAt: 1_700_000_000_123,
        answeredAt: 1_700_000_000_456,
        pausedUntil: null,
      },
    ]);
    expect(await ledger.recent('A', since(0), null)).toMatchObject([{ permit: 'p3', answeredAt: null }]);
  });

  it('tells of a pause, and of calls that are recent by the wall clock alone', async () => {
    const ledger = callLedger(database.db);
    await ledger.record({ ...call, supplier: 'paused', permit: 'before', grantedAt: 10, wallAt: 400 });
    await ledger.record({ ...call, supplier: 'paused', permit: 'suspended', grantedAt: 20, wallAt: 5_000.5 });
    await ledger.notePause('suspended', 7_000.5);
    expect(await ledger.recent('paused', since(5_000), null)).toMatchObject([
      { permit: 'suspended', wallAt: 5_000, pausedUntil: 7_001 },
    ]);
    await pruneCalls(database.db, 4_000);
    expect(await ledger.recent('paused', since(0), null)).toHaveLength(1);
  });

  it('records a permit once', async () => {
    const ledger = callLedger(database.db);
    await ledger.record({ ...call, supplier: 'once', permit: 'only', grantedAt: 1 });
    await expect(ledger.record({ ...call, supplier: 'once', permit: 'only', grantedAt: 1 })).rejects.toThrow();
  });

  it('is read in pages, each call once, and forgets what is old', async () => {
    const ledger = callLedger(database.db);
    const total = LEDGER_PAGE_ROWS + 500;
    const rows = Array.from({ length: total }, (_, index) => ({
      permit_id: `many-${String(index).padStart(6, '0')}`,
      supplier: 'many',
      account: 'main',
      call_class: 'read',
      lane: 'scheduled',
      granted_at_ms: 5_000 + Math.floor(index / 3),
      hold_ms: 1,
    }));
    for (const chunk of inChunks(rows, 250)) await database.db.knex('supplier_calls').insert(chunk);
    const seen: string[] = [];
    let last: LedgerCall | null = null;
    do {
      const page: LedgerCall[] = await ledger.recent('many', since(5_000), last);
      seen.push(...page.map(({ permit }) => permit));
      last = page.at(-1) ?? null;
    } while (last !== null);
    expect(seen).toEqual(rows.map(({ permit_id }) => permit_id));
    expect(await pruneCalls(database.db, 5_100)).toBeGreaterThanOrEqual(300);
    expect((await ledger.recent('many', since(0), null))[0]?.grantedAt).toBe(5_100);
  });
});
