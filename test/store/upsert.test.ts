import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upsertRows } from '../../src/store/upsert.ts';
import type { Upsert } from '../../src/store/upsert.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

const LEVELS: Upsert = {
  table: 'stock_levels',
  key: ['offer_id', 'location'],
  columns: ['offer_id', 'location', 'quality', 'quantity', 'version', 'observed_at', 'source_as_of'],
  updates: ['quality', 'quantity', 'version', 'observed_at', 'source_as_of'],
  order: ['version', 'observed_at'],
};
const ABSENCES: Upsert = {
  table: 'offers',
  key: ['offer_id'],
  columns: ['offer_id', 'supplier', 'supplier_part_number', 'absent_version', 'absent_observed_at'],
  updates: ['absent_version', 'absent_observed_at'],
  order: ['absent_observed_at', 'absent_version'],
};

/** The guard in the statement itself, apart from the comparison that comes before it. */
describe.each(DIALECTS)('a guarded write on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
  });
  afterAll(() => test.remove());

  const write = (offerId: string, quantity: number, version: number, observedAt: number): Promise<void> =>
    upsertRows(test.db, LEVELS, [[offerId, '01', 'exact', quantity, version, observedAt, null]]);
  const stored = async (offerId: string): Promise<unknown> =>
    test.db.knex('stock_levels').where({ offer_id: offerId }).select('quantity', 'version', 'observed_at');

  it.each([
    ['a newer version, though asked for earlier', 9, 1, [{ quantity: 90, version: 9, observed_at: 1 }]],
    ['the same version asked for later', 5, 60, [{ quantity: 90, version: 5, observed_at: 60 }]],
    ['the same time', 5, 50, [{ quantity: 90, version: 5, observed_at: 50 }]],
    ['the same version asked for earlier', 5, 49, [{ quantity: 50, version: 5, observed_at: 50 }]],
    ['an older version, though asked for later', 4, 99, [{ quantity: 50, version: 5, observed_at: 50 }]],
  ])('decides about %s, the whole row at once', async (name, version, observedAt, expected) => {
    const offerId = name.slice(0, 12) + version + observedAt;
    await write(offerId, 50, 5, 50);
    await write(offerId, 90, version, observedAt);
    expect(await stored(offerId)).toEqual(expected);
  });

  it('fills what was empty, and can be ordered by the other column', async () => {
    const write = (version: number | null, observedAt: number | null): Promise<void> =>
      upsertRows(test.db, ABSENCES, [['absent', 's', 'p', version, observedAt]]);
    const times = async (): Promise<unknown> =>
      test.db.knex('offers').where({ offer_id: 'absent' }).select('absent_version', 'absent_observed_at');
    await write(null, null);
    await write(9, 1);
    await write(1, 2);
    expect(await times()).toEqual([{ absent_version: 1, absent_observed_at: 2 }]);
    await write(99, 1);
    expect(await times()).toEqual([{ absent_version: 1, absent_observed_at: 2 }]);
  });

  it('takes more rows than one statement holds', async () => {
    const rows = Array.from({ length: 1_101 }, (_, n) => [`many`, `${n}`, 'exact', n, 1, 1, null]);
    await upsertRows(test.db, LEVELS, rows);
    await upsertRows(test.db, LEVELS, rows);
    expect(await test.db.knex('stock_levels').where({ offer_id: 'many' }).count({ n: '*' })).toEqual([{ n: 1_101 }]);
  });
});
