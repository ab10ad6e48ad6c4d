import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CallFailed, type SupplierConnection } from '../../src/outbound/supplier-call.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { redisBudgetLog, type BudgetLog } from '../../src/redis/budget-log.ts';
import { memoryLearntNotes } from '../../src/redis/learnt-notes-memory.ts';
import { redisLearntNotes, type LearntNotes } from '../../src/redis/learnt-notes.ts';
import { connectionTo, limitOf, profileWith } from './connections.ts';
import { gateUnderTest, soon, type GateUnderTest } from './gate-under-test.ts';
import { redisUnderTest, type RedisUnderTest } from './redis-under-test.ts';
import { answerJson, startSupplierDouble, type SupplierDouble } from './supplier-double.ts';

const REQUEST = { callClass: 'read', method: 'GET', path: 'items', expects: 'json' } as const;
/** What one process was told the others know within this time. */
const TOLD_AFTER_MS = 1_100;

let redis: RedisUnderTest;
beforeAll(async () => {
  redis = await redisUnderTest('learning');
});
afterAll(() => redis.close());

interface Shared {
  readonly budgetLog: BudgetLog;
  readonly notes: LearntNotes;
}

const steady = (): number => performance.timeOrigin + performance.now();
const TWINS: readonly [string, () => Shared][] = [
  ['in memory', () => ({ budgetLog: memoryBudgetLog(steady), notes: memoryLearntNotes(steady) })],
  [
    'in Redis',
    () => {
      const prefix = `${redis.prefix}${randomUUID()}:`;
      return { budgetLog: redisBudgetLog(redis.client, prefix), notes: redisLearntNotes(redis.client, prefix) };
    },
  ],
];

describe.each(TWINS)('all processes, with what they know %s,', (_name, make) => {
  let double: SupplierDouble;
  let made: GateUnderTest;
  let other: GateUnderTest;
  let connection: SupplierConnection;
  beforeEach(async () => {
    double = await startSupplierDouble();
    const shared = make();
    made = await gateUnderTest(shared);
    other = await gateUnderTest({ ...shared, db: made.db });
    connection = connectionTo(double.url, {
      profile: profileWith({
        limits: [
          limitOf('minute', [
            { limit: 20, windowMs: 60_000 },
            { limit: 1_000, windowMs: 3_600_000 },
          ]),
        ],
      }),
    });
  });
  afterEach(async () => {
    await other.close();
    await made.close();
    await double.close();
  });

  const call = (by = made) => by.gate.callFor(connection, soon())(REQUEST);
  /** Calls until one fails. @returns how many did not */
  const callsUntilRefused = async (by = made): Promise<number> => {
    for (let count = 0; ; count += 1) {
      const error: unknown = await call(by).then(
        () => null,
        (failed: unknown) => failed,
      );
      if (error === null) continue;
      expect(error).toBeInstanceOf(CallFailed);
      return count;
    }
  };
  const limits = async (by = made) => (await by.budget.usage(connection)).windows.map(({ limit }) => limit);
  const told = () => new Promise((resolve) => setTimeout(resolve, TOLD_AFTER_MS));

  it('keep to a policy that is stated and lower than configured', async () => {
    double.respond = answerJson({}, 200, { 'ratelimit-policy': '"a";q=5;w=60' });
    await call();
    expect(await limits()).toEqual([5, 1_000]);
    expect(await callsUntilRefused()).toBe(4);
    await told();
    expect(await callsUntilRefused(other)).toBe(0);
    expect(double.seen).toHaveLength(5);
    expect(await other.budget.learnt(connection)).toEqual({
      windows: [{ limitName: 'minute', windowMs: 60_000, configured: 20, effective: 5, factor: 1, stated: 5 }],
      rests: [],
    });
    expect(made.logged()).toContain('supplier states a lower limit');
  });

  it('are never raised by what is stated', async () => {
    double.respond = answerJson({}, 200, {
      'ratelimit-policy': '"a";q=500;w=60, "b";q=7;w=30',
      ratelimit: '"a";r=499;t=60',
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': '999',
      'x-ratelimit-reset': '1',
    });
    expect(await callsUntilRefused()).toBe(20);
    expect(await limits()).toEqual([20, 1_000]);
  });

  it('make no more calls than remain when somebody else uses the account', async () => {
    double.respond = (request, response) =>
      answerJson({}, 200, { 'ratelimit-policy': '"a";q=20;w=60', ratelimit: `"a";r=${4 - double.seen.length};t=40` })(
        request,
        response,
      );
    await call();
    await told();
    expect((await callsUntilRefused()) + (await callsUntilRefused(other))).toBe(3);
    const { rests } = await made.budget.learnt(connection);
    expect(rests).toMatchObject([{ about: 'minute/60000ms', limit: 3 }]);
    expect(made.logged()).toContain('somebody else uses the account');
  });

  it('take calls under way off what remains: they may arrive on top of it', async () => {
    let answerFirst = (): void => undefined;
    double.respond = (request, response) => {
      const answer = answerJson({}, 200, { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': '40' });
      if (double.seen.length > 1) return answer(request, response);
      answerFirst = () => void answerJson({})(request, response);
    };
    const first = call();
    await expect.poll(() => double.seen.length).toBe(1);
    await call();
    expect((await made.budget.learnt(connection)).rests).toMatchObject([{ about: '{double}:main', limit: 4 }]);
    answerFirst();
    await first;
  });

  it('are free again when the time of what remained is over', async () => {
    double.respond = answerJson({}, 200, { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '2' });
    await call();
    double.respond = answerJson({});
    const startedAt = Date.now();
    for (let index = 0; index < 3; index += 1) await call();
    expect(Date.now() - startedAt).toBeGreaterThan(1_500);
  });

  it('learn nothing from what remains while they alone use the account', async () => {
    double.respond = (request, response) =>
      answerJson({}, 200, { 'ratelimit-policy': '"a";q=20;w=60', ratelimit: `"a";r=${20 - double.seen.length};t=59` })(
        request,
        response,
      );
    await Promise.all(Array.from({ length: 10 }, () => call()));
    expect(await made.budget.learnt(connection)).toEqual({ windows: [], rests: [] });
  });

  it('use a fifth less after a 429 that their own log does not explain, once for all that were under way', async () => {
    double.respond = answerJson({}, 429, { 'retry-after': '1' });
    await Promise.allSettled([call(), call(), call(other)]);
    expect(await limits()).toEqual([16, 800]);
    expect(made.logged() + other.logged()).toMatch(/"level":50[^\n]*our count does not explain/);
    expect(made.strikes.left(connection)).toEqual([]);
    const strikes = (await made.db.knex('supplier_strikes').select()) as Record<string, unknown>[];
    expect(strikes).toHaveLength(1);
    expect(strikes[0]).toMatchObject({ account: 'main', limit_name: 'minute', window_ms: 60_000 });
    expect(Boolean(strikes[0]?.['is_explained'])).toBe(false);
    double.respond = answerJson({});
    await told();
    expect(await limits(other)).toEqual([16, 800]);
  });

  it('keep their limits after a 429 that their own log explains: it is a strike and no more', async () => {
    double.respond = (request, response) =>
      double.seen.length < 20
        ? answerJson({})(request, response)
        : answerJson({}, 429, { 'retry-after': '1' })(request, response);
    expect(await callsUntilRefused()).toBe(19);
    expect(await limits()).toEqual([20, 1_000]);
    const strikes = (await made.db.knex('supplier_strikes').select()) as Record<string, unknown>[];
    expect(strikes).toHaveLength(1);
    expect(Boolean(strikes[0]?.['is_explained'])).toBe(true);
    expect(made.logged()).not.toContain('our count does not explain');
  });

  it('make calls although a lesson cannot be kept', async () => {
    await made.db.knex.schema.dropTable('supplier_strikes');
    double.respond = answerJson({}, 429, { 'retry-after': '1' });
    await expect(call()).rejects.toMatchObject({ failure: 'limited' });
    expect(made.logged()).toContain('lesson not kept');
  });
});
