import { expect, it } from 'vitest';
import { up } from '../../migrations/0025-versions-ahead.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';

it.each(DIALECTS)('places stored versions from the future where they were asked for, on %s', async (dialect) => {
  const test = await createTestDatabase(dialect);
  const { knex } = test.db;
  await knex('offers').insert([
    { offer_id: 'ahead', supplier: 's', supplier_part_number: '1', stock_version: 9_000_000, stock_observed_at: 5_000 },
    { offer_id: 'fine', supplier: 's', supplier_part_number: '2', stock_version: 305_000, stock_observed_at: 5_000 },
    { offer_id: 'unseen', supplier: 's', supplier_part_number: '3' },
  ]);
  await up(knex);
  await up(knex);
  expect(await knex('offers').orderBy('offer_id').pluck('stock_version')).toEqual([5_000, 305_000, null]);
  await test.remove();
});
