import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertFence, LeaseLost, readHeldLeases, releaseLease, renewLease, takeLease } from '../../src/store/leases.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

describe.each(DIALECTS)('leases on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
  });
  afterAll(() => test.remove());

  it('gives a lease to one owner at a time, and the fence grows at each take', async () => {
    const first = await takeLease(test.db, 'one', 'a', 1_000, 500);
    expect(first).toEqual({ name: 'one', fence: 1 });
    expect(await takeLease(test.db, 'one', 'b', 1_499, 500)).toBeNull();
    expect(await takeLease(test.db, 'one', 'a', 1_499, 500)).toBeNull();
    expect(await takeLease(test.db, 'one', 'b', 1_500, 500)).toEqual({ name: 'one', fence: 2 });
  });

  it('renews for its holder alone, also past its time while nobody took it', async () => {
    const lease = await taken('two', 1_000);
    expect(await renewLease(test.db, lease, 9_000, 500)).toBe(true);
    expect(await takeLease(test.db, 'two', 'b', 9_400, 500)).toBeNull();
    const successor = await takeLease(test.db, 'two', 'b', 9_500, 500);
    expect(await renewLease(test.db, lease, 9_501, 500)).toBe(false);
    expect(successor?.fence).toBe(2);
  });

  it('is free at once when given back, and a late giving back takes nothing from the successor', async () => {
    const lease = await taken('three', 1_000);
    await releaseLease(test.db, lease);
    const successor = await takeLease(test.db, 'three', 'b', 1_001, 500);
    await releaseLease(test.db, lease);
    expect(await takeLease(test.db, 'three', 'c', 1_002, 500)).toBeNull();
    expect(await renewLease(test.db, { name: 'three', fence: successor?.fence ?? 0 }, 1_003, 500)).toBe(true);
  });

  it('rolls back what a stale holder was about to write', async () => {
    const lease = await taken('four', 1_000);
    await takeLease(test.db, 'four', 'b', 2_000, 500);
    const writing = test.db.transaction(async (t) => {
      await t.knex('feed_states').insert({ supplier: 's', feed: 'stock', full_due_at: 0, incremental_due_at: 0 });
      await assertFence(t, lease);
    });
    await expect(writing).rejects.toThrow(LeaseLost);
    expect(await test.db.knex('feed_states').where({ supplier: 's' })).toEqual([]);
  });

  it('is not taken between an asserted fence and the commit', async () => {
    const lease = await taken('five', 1_000);
    const other = openDatabase({ url: test.url, poolSize: 2 });
    const order: string[] = [];
    let taking: Promise<void> = Promise.resolve();
    await test.db.transaction(async (t) => {
      await assertFence(t, lease);
      // On SQLite a second connection would block this thread until its time-out: there the file's own lock is what holds.
      if (dialect === 'mysql') {
        taking = takeLease(other, 'five', 'b', 2_000, 500).then(() => void order.push('taken'));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      order.push('written');
    });
    await taking;
    await other.close();
    expect(order).toEqual(dialect === 'mysql' ? ['written', 'taken'] : ['written']);
  });

  it('gives a lease to exactly one of many who ask at once', async () => {
    const asked = Array.from({ length: 8 }, (_, n) => takeLease(test.db, 'six', `owner-${n}`, 1_000, 500));
    const got = (await Promise.all(asked)).filter((lease) => lease !== null);
    expect(got).toEqual([{ name: 'six', fence: 1 }]);
  });

  it('names the leases held at a moment', async () => {
    await taken('held:a', 1_000);
    await taken('held:b', 5_000);
    await taken('other:c', 5_000);
    expect(await readHeldLeases(test.db, 'held:', 5_100)).toEqual(['held:b']);
  });

  async function taken(name: string, now: number): Promise<{ name: string; fence: number }> {
    const lease = await takeLease(test.db, name, 'a', now, 500);
    if (lease === null) throw new Error(`The lease ${name} is not free.`);
    return lease;
  }
});
