import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import type { Lane } from '../../src/domain/lane.ts';
import type { Profile } from '../../src/domain/profile.ts';
import { createBudget, type Budget } from '../../src/outbound/budget.ts';
import type { Permit } from '../../src/outbound/permit.ts';
import { redisBudgetLog, type BudgetLog } from '../../src/redis/budget-log.ts';
import { callLedger } from '../../src/store/calls.ts';
import { mostCalls } from '../bench/most-calls.ts';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';
import { connectionTo, limitOf, profileWith, silentLog } from './connections.ts';
import { openedLog } from './opened-log.ts';
import { redisUnderTest, type RedisUnderTest } from './redis-under-test.ts';

/**
 * Lanes under load: as many budgets as a fleet has processes, on one Redis, each with more calls to make than it may.
 * All times are of Redis's clock.
 */
const WINDOW = { limit: 5, windowMs: 500 };
const LIMITS = [limitOf('calls', [WINDOW])];
const PROCESSES = 6;
const CALLERS = 4;
const CALL_MS = 10;
/** What one permit takes when all are in use: the window's turn-over by its limit. */
const ONE_PERMIT_MS = WINDOW.windowMs / WINDOW.limit;

interface Call {
  readonly lane: Lane;
  /** When the budget heard of it first. */
  readonly askedAt: number;
  readonly grantedAt: number;
  /** When its place is free again. */
  freeAt: number;
}

let redis: RedisUnderTest;
let database: TestDatabase;
let budgets: Budget[];
let isOver: boolean;
let calls: Call[];
/** By permit: when the budget heard of its asker first. */
let heardAt: Map<string, number>;

beforeAll(async () => {
  database = await createTestDatabase('sqlite');
});
afterAll(() => database.remove());

beforeEach(async () => {
  redis = await redisUnderTest('lanes');
  const budgetLog = noting(openedLog(redisBudgetLog(redis.client, redis.prefix)));
  const sources = {
    clock: systemClock,
    monotonic: () => performance.now(),
    random: Math.random,
    newId: () => randomUUID(),
    log: silentLog,
  };
  budgets = Array.from({ length: PROCESSES }, () =>
    createBudget({ budgetLog, ledger: callLedger(database.db), ...sources }),
  );
  isOver = false;
  calls = [];
  heardAt = new Map();
});
afterEach(() => redis.close());

it('gives checkout the next place that is free, however hard backfill asks', async () => {
  const profile = profileWith({ limits: LIMITS });
  const backfill = saturate(profile);
  for (const until = Date.now() + 7_000; Date.now() < until; await sleep(50 + Math.random() * 150)) {
    await callOnce(budgets[0], 'checkout', profile);
  }
  await end(backfill);
  const checkouts = calls.filter(({ lane }) => lane === 'checkout');
  expect(p99(checkouts.map((call) => call.grantedAt - firstFree(call)))).toBeLessThanOrEqual(ONE_PERMIT_MS + CALL_MS);
  expect(checkouts.length).toBeGreaterThan(10);
});

it('keeps a part of a long window back from backfill, for checkout to find at once', async () => {
  const limits = [limitOf('calls', [{ limit: 10, windowMs: 3_600_000 }])];
  const profile = profileWith({ limits, keptBack: { backfill: 0.3 } });
  for (let made = 0; made < 7; made += 1) await callOnce(budgets[0], 'backfill', profile);
  await expect(callOnce(budgets[0], 'backfill', profile)).rejects.toMatchObject({ failure: 'notNow' });
  for (let made = 0; made < 3; made += 1) await callOnce(budgets[1], 'checkout', profile);
  const waits = calls.filter(({ lane }) => lane === 'checkout').map(({ askedAt, grantedAt }) => grantedAt - askedAt);
  expect(waits).toHaveLength(3);
  expect(p99(waits)).toBeLessThanOrEqual(ONE_PERMIT_MS);
});

it('lets backfill use the whole budget while nobody else wants it', async () => {
  const window = { limit: 10, windowMs: 1_000 };
  const runMs = 7_900;
  const startedAt = await redisNow();
  const backfill = saturate(profileWith({ limits: [limitOf('calls', [window])], keptBack: { backfill: 0.3 } }));
  await sleep(runMs);
  await end(backfill);
  const made = calls.filter(({ grantedAt }) => grantedAt < startedAt + runMs).length;
  expect(made / mostCalls([window], runMs)).toBeGreaterThanOrEqual(0.97);
});

/** Which permit an asker gets in the end is known from the grant alone. */
function noting(budgetLog: BudgetLog): BudgetLog {
  const firstHeard = new Map<string, number>();
  return {
    ...budgetLog,
    async take(take) {
      const taken = await budgetLog.take(take);
      const first = firstHeard.get(take.asker.id) ?? taken.at;
      firstHeard.set(take.asker.id, first);
      if (taken.outcome === 'granted') heardAt.set(take.permit, first);
      return taken;
    },
  };
}

function saturate(profile: Profile): Promise<void>[] {
  return budgets.flatMap((budget) =>
    Array.from({ length: CALLERS }, async () => {
      while (!isOver) await callOnce(budget, 'backfill', profile);
    }),
  );
}

async function end(running: readonly Promise<void>[]): Promise<void> {
  isOver = true;
  await Promise.all(running);
}

async function callOnce(budget: Budget | undefined, lane: Lane, profile: Profile): Promise<void> {
  const permit = await budget?.acquire(connectionTo('', { profile }), 'read', { lane, deadline: Date.now() + 20_000 });
  if (budget === undefined || permit === undefined) throw new Error('no budget');
  const askedAt = heardAt.get(permit.id) ?? NaN;
  const call: Call = { lane, askedAt, grantedAt: permit.grantedAt, freeAt: Infinity };
  calls.push(call);
  await sleep(CALL_MS);
  call.freeAt = (await settledAt(budget, permit)) + WINDOW.windowMs;
}

async function settledAt(budget: Budget, permit: Permit): Promise<number> {
  const at = await budget.settle(permit, 'answered');
  if (at === null) throw new Error('Redis did not take the answer.');
  return at;
}

/** When, after it was asked for, the first place was free that nobody had been given before the question. */
function firstFree({ askedAt }: Call): number {
  // A refusal's moment is rounded down and a grant's up.
  const before = calls.filter(({ grantedAt }) => grantedAt <= askedAt + 1).map(({ freeAt }) => freeAt);
  const [kept] = before.sort((a, b) => b - a).slice(WINDOW.limit - 1);
  return Math.max(askedAt, kept ?? 0);
}

function p99(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? 0;
}

/** Epoch ms, as the budget reads it. */
async function redisNow(): Promise<number> {
  const [seconds, microseconds] = await redis.client.sendCommand<string[]>(['TIME']);
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
