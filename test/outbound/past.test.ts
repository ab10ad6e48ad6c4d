import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import type { Profile } from '../../src/domain/profile.ts';
import { createBudget, type Budget } from '../../src/outbound/budget.ts';
import { restoredEntries } from '../../src/outbound/past.ts';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import { redisBudgetLog } from '../../src/redis/budget-log.ts';
import { callLedger, type LedgerCall } from '../../src/store/calls.ts';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';
import { connectionTo, limitOf, profileWith, silentLog } from './connections.ts';
import { gateUnderTest, soon } from './gate-under-test.ts';
import { redisUnderTest, type RedisUnderTest } from './redis-under-test.ts';
import { answerJson, startSupplierDouble } from './supplier-double.ts';
import { clockInRedis } from './twin-logs.ts';

const HOUR_MS = 3_600_000;

let redis: RedisUnderTest;
let database: TestDatabase;
beforeAll(async () => {
  redis = await redisUnderTest('past');
});
afterAll(() => redis.close());
beforeEach(async () => {
  database = await createTestDatabase('sqlite');
});
afterEach(() => database.remove());

const hourly = (name: string, windowMs = HOUR_MS): Profile =>
  profileWith({ limits: [limitOf(name, [{ limit: 3, windowMs }])] });

/** A process of its own, on what all share. */
function newProcess(prefix: string, time?: string): Budget {
  return createBudget({
    budgetLog: redisBudgetLog(redis.client, prefix, time),
    ledger: callLedger(database.db),
    clock: systemClock,
    monotonic: () => performance.now(),
    random: () => 0,
    newId: () => randomUUID(),
    log: silentLog,
  });
}

/** Makes calls until one is refused. @returns how many were made, and why no more */
async function callsUntilRefused(budget: Budget, profile: Profile, account = 'main'): Promise<[number, string]> {
  const ledger = callLedger(database.db);
  const connection = connectionTo('http://nowhere/', { profile, account });
  for (let made = 0; ; made += 1) {
    try {
      const terms = { lane: 'interactive' as const, deadline: Date.now() + 2_500 };
      const permit = await budget.acquire(connection, 'read', terms);
      await ledger.record({ ...permit, permit: permit.id });
      const at = await budget.settle(permit, 'answered');
      await ledger.complete(permit.id, at ?? 0, 200);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      return [made, error.failure];
    }
  }
}

describe('calls made before', () => {
  it('count in windows that are new, longer, renamed, or under another name of the account', async () => {
    const prefix = `${redis.prefix}${randomUUID()}:`;
    expect(await callsUntilRefused(newProcess(prefix), hourly('hour'))).toEqual([3, 'notNow']);
    const refusedAtOnce = [0, 'notNow'];
    expect(await callsUntilRefused(newProcess(prefix), hourly('hourly'))).toEqual(refusedAtOnce);
    expect(await callsUntilRefused(newProcess(prefix), hourly('hour', HOUR_MS + 1_000))).toEqual(refusedAtOnce);
    expect(await callsUntilRefused(newProcess(prefix), hourly('hour'), 'shop')).toEqual(refusedAtOnce);
  });

  it('count for a renamed account also after calls of its own', async () => {
    const prefix = `${redis.prefix}${randomUUID()}:`;
    const profile = profileWith({ limits: [limitOf('hour', [{ limit: 2, windowMs: HOUR_MS }])] });
    expect(await callsUntilRefused(newProcess(prefix), profile)).toEqual([2, 'notNow']);
    expect(await callsUntilRefused(newProcess(prefix), hourly('hour'), 'shop')).toEqual([1, 'notNow']);
    await redis.empty();
    expect(await callsUntilRefused(newProcess(prefix), hourly('hour'), 'shop')).toEqual([0, 'notNow']);
  });

  it('count where a window was dropped from a full store', async () => {
    const prefix = `${redis.prefix}${randomUUID()}:`;
    const budget = newProcess(prefix);
    expect(await callsUntilRefused(budget, hourly('hour'))).toEqual([3, 'notNow']);
    expect(await redis.client.del(`${prefix}window:{double}:main:hour:${HOUR_MS}`)).toBe(1);
    expect(await callsUntilRefused(budget, hourly('hour'))).toEqual([0, 'notNow']);
  });

  it('count where the clock of the store was set forward', async () => {
    const prefix = `${redis.prefix}${randomUUID()}:`;
    const clock = clockInRedis(redis.client, prefix);
    const turning = setInterval(() => clock.turn(Date.now() + aheadMs), 5);
    let aheadMs = 0;
    clock.turn(Date.now());
    const budget = newProcess(prefix, clock.expression);
    try {
      const profile = hourly('minute', 60_000);
      expect(await callsUntilRefused(budget, profile)).toEqual([3, 'notNow']);
      aheadMs = 64_000;
      clock.turn(Date.now() + aheadMs);
      expect(await callsUntilRefused(budget, profile)).toEqual([0, 'notNow']);
    } finally {
      clearInterval(turning);
    }
  });
});

it('a pause outlives the loss of the store that keeps it', async () => {
  const double = await startSupplierDouble(answerJson({}, 429, { 'retry-after': '3600' }));
  const prefix = `${redis.prefix}${randomUUID()}:`;
  const failureOn = async (): Promise<string> => {
    const made = await gateUnderTest({ budgetLog: redisBudgetLog(redis.client, prefix), db: database.db, isPastLost });
    const call = made.gate.callFor(connectionTo(double.url), soon());
    const failed = await call({ callClass: 'read', method: 'GET', path: 'x', expects: 'json' }).catch(
      (error: unknown) => error,
    );
    await made.close();
    return failed instanceof CallFailed ? failed.failure : 'answered';
  };
  let isPastLost = false;
  expect(await failureOn()).toBe('limited');
  await redis.empty();
  isPastLost = true;
  expect(await failureOn()).toBe('limited');
  expect(double.seen).toHaveLength(1);
  await double.close();
});

describe('what a row of the ledger occupies', () => {
  const NOW = 1_700_000_000_000;
  const row: LedgerCall = {
    permit: 'p',
    supplier: 'double',
    account: 'main',
    callClass: 'read',
    lane: 'interactive',
    grantedAt: NOW - 10_000,
    holdMs: 3_000,
    answeredAt: NOW - 9_500,
    wallAt: NOW - 10_000,
    pausedUntil: null,
  };
  const leftMs = (changed: Partial<LedgerCall>): number => {
    const [entry] = restoredEntries([{ ...row, ...changed }], hourly('minute', 60_000), { budget: NOW, wall: NOW });
    return (entry?.until ?? 0) - NOW;
  };

  it('ends by the clock that says later', () => {
    expect(leftMs({})).toBe(51_500);
    expect(leftMs({ answeredAt: null })).toBe(54_000);
    // The budget's clock stood still for an hour, or was set forward.
    expect(leftMs({ grantedAt: NOW - HOUR_MS, answeredAt: NOW - HOUR_MS + 500 })).toBe(51_500);
    expect(leftMs({ wallAt: NOW - HOUR_MS })).toBe(51_500);
    expect(leftMs({ wallAt: null })).toBe(51_500);
  });

  it('is no more than that of a call made just now where a wall clock was wrong', () => {
    expect(leftMs({ wallAt: NOW + 9 * HOUR_MS })).toBe(61_500);
  });
});
