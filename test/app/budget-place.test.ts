import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { joinBudgetPlace, type BudgetPlace } from '../../src/app/budget-place.ts';
import { systemClock } from '../../src/domain/clock.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { redisBudgetLog, type BudgetLog } from '../../src/redis/budget-log.ts';
import { redisBudgetPlace, type NamePlace } from '../../src/redis/budget-place.ts';
import { silentLog } from '../outbound/connections.ts';
import { open } from '../outbound/opened-log.ts';
import { redisUnderTest, type RedisUnderTest } from '../outbound/redis-under-test.ts';
import { createTestDatabase, DIALECTS, type TestDatabase } from '../sync/test-database.ts';

const HOUR = { key: '{s}:a:hour:3600000', limit: 5, windowMs: 3_600_000 };

/** Calls of one database are counted in one place: two would each let the whole limits through. */
describe.each(DIALECTS)('the place of the budget, named on %s,', (dialect) => {
  let redis: RedisUnderTest;
  let database: TestDatabase;
  let aheadMs: number;
  beforeAll(async () => {
    redis = await redisUnderTest('budget-place');
  });
  afterAll(() => redis.close());
  beforeEach(async () => {
    database = await createTestDatabase(dialect);
    aheadMs = 0;
    joined = [];
  });
  afterEach(async () => {
    for (const place of joined) await place.release();
    await database.remove();
  });
  let joined: BudgetPlace[] = [];

  /** Time passes quickly while one waits for its place, but holders are not renewed by that. */
  const clock = { now: () => Date.now() + aheadMs, sleep: systemClock.sleep };

  async function join(namePlace: NamePlace | null, budgetLog: BudgetLog): Promise<BudgetLog> {
    const log = silentLog;
    const deps = { db: database.db, clock, log, newId: randomUUID, namePlace, budgetLog, windows: [HOUR] };
    const place = await joinBudgetPlace(deps);
    joined.push(place);
    return place.granting(budgetLog);
  }

  const withRedis = (name: string) => {
    const prefix = `${redis.prefix}${name}:`;
    return { namePlace: redisBudgetPlace(redis.client, prefix), log: redisBudgetLog(redis.client, prefix), prefix };
  };
  const inMemory = (): BudgetLog => memoryBudgetLog(clock.now);
  const take = async (log: BudgetLog): Promise<string> => {
    const asker = { id: randomUUID(), rank: 0, waitedMs: 0 };
    const asked = { group: 's', permit: randomUUID(), windows: [HOUR], scopes: [], holdMs: 1_000, lineMs: 0, asker };
    return (await log.take(asked)).outcome;
  };

  it('is shared by all processes on one Redis, and by nobody on another Redis or prefix, or without', async () => {
    const here = withRedis(randomUUID());
    const first = await join(here.namePlace, here.log);
    const second = await join(here.namePlace, here.log);
    await open(here.log, [HOUR]);
    expect([await take(first), await take(second)]).toEqual(['granted', 'granted']);
    const elsewhere = withRedis(randomUUID());
    const refused = [join(elsewhere.namePlace, elsewhere.log), join(null, inMemory())];
    for (const one of await Promise.allSettled(refused)) {
      expect(one.status === 'rejected' ? String(one.reason) : 'joined').toContain('counted elsewhere');
    }
  }, 60_000);

  it('is not with Redis while a process without it is running', async () => {
    await join(null, inMemory());
    const here = withRedis(randomUUID());
    await expect(join(here.namePlace, here.log)).rejects.toThrow('the same REDIS_URL and prefix');
  }, 60_000);

  it('goes from one to the other when the first has ended, and what the other did not see is in doubt', async () => {
    const here = withRedis(randomUUID());
    await join(here.namePlace, here.log);
    await open(here.log, [HOUR]);
    await joined.pop()?.release();
    aheadMs = 11_000;
    await join(null, inMemory());
    await joined.pop()?.release();
    const again = await join(here.namePlace, here.log);
    expect(await take(again)).toBe('pastUnknown');
  });

  it('keeps its name where its Redis is emptied', async () => {
    const here = withRedis(randomUUID());
    const first = await join(here.namePlace, here.log);
    await redis.empty();
    // A new process waits until one that knows the name has put it back.
    const second = await join(here.namePlace, here.log);
    await open(here.log, [HOUR]);
    expect([await take(first), await take(second)]).toEqual(['granted', 'granted']);
  }, 60_000);

  it('is asked for again where Redis could not be reached at the start, before anything is granted', async () => {
    const here = withRedis(randomUUID());
    let isAway = true;
    const namePlace: NamePlace = async (proposed) => {
      if (isAway) throw new Error('away');
      return here.namePlace(proposed);
    };
    const late = await join(namePlace, here.log);
    await open(here.log, [HOUR]);
    await expect(take(late)).rejects.toThrow('did not answer');
    isAway = false;
    // Joined for the first time, so what was opened before is in doubt.
    expect(await take(late)).toBe('pastUnknown');
    await open(here.log, [HOUR]);
    expect(await take(late)).toBe('granted');
  });
});
