import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { redisBudgetLog, type BudgetLog, type LogWindow } from '../../src/redis/budget-log.ts';
import { open } from './opened-log.ts';
import { redisUnderTest, type RedisUnderTest } from './redis-under-test.ts';

let redis: RedisUnderTest;
beforeAll(async () => {
  redis = await redisUnderTest('twins');
});
afterAll(() => redis.close());

/** So long that no time passes between two steps of a run; each window another, so that it is clear which opens last. */
const HOUR_MS = 3_600_000;
const WINDOWS: readonly LogWindow[] = [
  { key: '{s}:a:hour:3600000', limit: 3, windowMs: HOUR_MS },
  { key: '{s}:a:day:86400000', limit: 5, windowMs: 24 * HOUR_MS },
  { key: '{s}:address:hours:7200000', limit: 4, windowMs: 2 * HOUR_MS },
  { key: '{s}:a:flight:0', limit: 2, windowMs: 0 },
];

const windows = fc.subarray([...WINDOWS], { minLength: 1 });
const step = fc.oneof(
  fc.record({
    kind: fc.constant('take' as const),
    windows,
    asker: fc.integer({ min: 0, max: 5 }),
    lineMs: fc.constantFrom(0, HOUR_MS, HOUR_MS),
  }),
  fc.record({ kind: fc.constant('settle' as const), permit: fc.nat({ max: 20 }), windows, isUnused: fc.boolean() }),
  fc.record({ kind: fc.constant('leave' as const), asker: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constant('usage' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

it('decides alike in memory and in Redis, whatever is asked', async () => {
  let grants = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), async (steps) => {
      const inMemory = await decisions(memoryBudgetLog(Date.now), steps);
      const inRedis = await decisions(redisBudgetLog(redis.client, `${redis.prefix}${randomUUID()}:`), steps);
      expect(inRedis).toEqual(inMemory);
      grants += inMemory.filter((decision) => decision === 'granted').length;
    }),
    { numRuns: 150 },
  );
  expect(grants).toBeGreaterThan(300);
}, 60_000);

async function decisions(log: BudgetLog, steps: readonly Step[]): Promise<string[]> {
  await open(log, WINDOWS);
  const made: string[] = [];
  for (const [index, one] of steps.entries()) made.push(await decision(log, one, index));
  return made;
}

async function decision(log: BudgetLog, one: Step, index: number): Promise<string> {
  switch (one.kind) {
    case 'take': {
      // Ranks apart and waits far apart: the order of a line must not hang on a millisecond.
      const asker = { id: `asker-${one.asker}`, rank: one.asker % 3, waitedMs: one.asker * 60_000 };
      const { windows, lineMs } = one;
      const take = { group: 's', permit: `permit-${index}`, windows, scopes: [], holdMs: HOUR_MS, lineMs, asker };
      const taken = await log.take(take);
      if (taken.outcome !== 'refused') return taken.outcome;
      const minutes = (at: number): number => Math.round((at - taken.at) / 60_000);
      return `${taken.by.key} ${minutes(taken.retryAt)} ${minutes(taken.notBefore)}`;
    }
    case 'settle':
      await log.settle(
        `permit-${one.permit}`,
        one.windows.map((window) => (one.isUnused ? { ...window, windowMs: 0 } : window)),
      );
      return 'settled';
    case 'leave':
      await log.leave('s', `asker-${one.asker}`);
      return 'left';
    case 'usage': {
      const used = await log.usage('s', WINDOWS, []);
      return used.windows.map(({ occupied, freesAt }) => `${occupied} ${freesAt === null}`).join(', ');
    }
  }
}
