import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lane } from '../../src/domain/lane.ts';
import { createBudget, type Budget } from '../../src/outbound/budget.ts';
import type { Strikes } from '../../src/outbound/strikes.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { redisBudgetLog, type BudgetLog } from '../../src/redis/budget-log.ts';
import { memoryLearntNotes } from '../../src/redis/learnt-notes-memory.ts';
import { redisLearntNotes, type LearntNotes } from '../../src/redis/learnt-notes.ts';
import { connectionTo, limitOf, profileWith, silentLog } from './connections.ts';
import { redisUnderTest, type RedisUnderTest } from './redis-under-test.ts';
import { clockInRedis, inFlight } from './twin-logs.ts';
import { openedLog, reachedBy } from './opened-log.ts';
import { virtualTime, type VirtualTime } from './virtual-time.ts';

const START = 1_700_000_000_000;
const MINUTE_MS = 60_000;
/** A permit each second and its answer; of ten seconds' permits backfill must leave a fifth, so that it never sees a place. */
const PERMIT_MS = 1_020;
const connection = connectionTo('http://nowhere/', {
  profile: profileWith({
    limits: [
      limitOf('steady', [
        { limit: 1, windowMs: 1_000 },
        { limit: 10, windowMs: 10_000 },
      ]),
    ],
    keptBack: { scheduled: 0.1, backfill: 0.2 },
  }),
});
const noStrikes: Strikes = {
  refresh: async () => undefined,
  refusal: () => null,
  left: () => [],
  add: async () => true,
};

let redis: RedisUnderTest;
beforeAll(async () => {
  redis = await redisUnderTest('turns');
});
afterAll(() => redis.close());

interface World {
  readonly time: VirtualTime;
  readonly budgetLog: BudgetLog;
  readonly notes: LearntNotes;
}

function worldInMemory(): World {
  const time = virtualTime(START);
  return { time, budgetLog: openedLog(memoryBudgetLog(time.clock.now)), notes: memoryLearntNotes(time.clock.now) };
}

/** Redis's own scripts on a clock that is turned by hand. */
function worldInRedis(): World {
  const prefix = `${redis.prefix}${randomUUID()}:`;
  const flight = inFlight();
  const time = virtualTime(START, () => flight.rest());
  const clock = clockInRedis(redis.client, prefix);
  const log = redisBudgetLog(redis.client, prefix, clock.expression);
  const notes = redisLearntNotes(redis.client, prefix, clock.expression);
  const asked = <T>(ask: () => Promise<T>): Promise<T> => {
    clock.turn(time.clock.now());
    return flight.during(ask());
  };
  return {
    time,
    budgetLog: openedLog(reachedBy(log, asked)),
    notes: {
      read: (supplier) => asked(() => notes.read(supplier)),
      replace: (supplier, field, before, after) => asked(() => notes.replace(supplier, field, before, after)),
    },
  };
}

function processOn({ time: { clock }, budgetLog, notes }: World): Budget {
  return createBudget({
    budgetLog,
    ledger: {
      record: async () => undefined,
      complete: async () => undefined,
      notePause: async () => undefined,
      recent: async () => [],
    },
    lessons: { notes, strikes: noStrikes, countOccupied: async () => 0 },
    clock,
    monotonic: clock.now,
    random: () => 0,
    newId: () => randomUUID(),
    log: silentLog,
  });
}

interface Grant {
  readonly lane: Lane;
  readonly at: number;
  readonly waitedMs: number;
}

/** Wants permits one after the other, as often as it can have them. */
async function wantForEver(
  { time: { clock } }: World,
  budget: Budget,
  lane: Lane,
  patienceMs: number,
  grants: Grant[],
): Promise<void> {
  for (;;) {
    const askedAt = clock.now();
    try {
      const permit = await budget.acquire(connection, 'read', { lane, deadline: askedAt + patienceMs });
      grants.push({ lane, at: clock.now() - START, waitedMs: clock.now() - askedAt });
      await clock.sleep(20);
      await budget.settle(permit, 'answered');
    } catch {
      await clock.sleep(200);
    }
  }
}

describe.each([
  ['in memory', worldInMemory],
  ['in Redis', worldInRedis],
])('while higher lanes want all there is, counted %s,', (_name, makeWorld) => {
  it('backfill has a permit a minute, and checkout waits one permit longer at most', async () => {
    const world = makeWorld();
    const grants: Grant[] = [];
    const [one, other] = [processOn(world), processOn(world)];
    for (const budget of [one, other]) {
      void wantForEver(world, budget, 'checkout', 30_000, grants);
      for (let index = 0; index < 12; index += 1) void wantForEver(world, budget, 'interactive', 30_000, grants);
      // As a sync run asks: a short wait, again and again.
      void wantForEver(world, budget, 'backfill', 5_000, grants);
    }
    await world.time.runUntil(START + 6 * MINUTE_MS);
    const backfill = grants.filter(({ lane, at }) => lane === 'backfill' && at > MINUTE_MS).map(({ at }) => at);
    for (let minute = 1; minute < 6; minute += 1) {
      const inMinute = backfill.filter((at) => at > minute * MINUTE_MS && at <= (minute + 1) * MINUTE_MS);
      expect([1, 2]).toContain(inMinute.length);
    }
    expect(backfill.length).toBeLessThanOrEqual(6);
    // Two ask for checkout: each waits for the other's permit and for its own, and now and then for one of a lower lane.
    const waits = grants.filter(({ lane }) => lane === 'checkout').map(({ waitedMs }) => waitedMs);
    expect(waits.length).toBeGreaterThan((6 * MINUTE_MS * 0.9) / PERMIT_MS);
    expect(Math.max(...waits)).toBeLessThanOrEqual(3 * PERMIT_MS + 50);
    const moments = grants.map(({ at }) => at).sort((a, b) => a - b);
    moments.forEach((at, index) => {
      expect(at - (moments[index - 1] ?? -Infinity)).toBeGreaterThanOrEqual(1_000);
    });
  }, 60_000);
});
