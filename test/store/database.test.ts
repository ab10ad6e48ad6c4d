import { afterAll, expect, it, describe } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';

describe('sqlite', () => {
  const db = openDatabase({ url: 'sqlite::memory:' });
  afterAll(() => db.close());
  it('migrates and answers', async () => {
    await migrateDatabase(db);
    expect(await db.knex.raw('select 1 as one')).toEqual([{ one: 1 }]);
    await db.transaction(async (t) => {
      await t.knex.raw('select 2');
    });
  });
});
