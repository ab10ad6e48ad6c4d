import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { redisBudgetLog } from '../../src/redis/budget-log.ts';
import { SERVER_TIME } from '../../src/redis/budget-log-script.ts';
import { open } from './opened-log.ts';
import { simulate } from './model-simulation.ts';
import { schedule } from './model-schedule.ts';
import { redisUnderTest, type RedisUnderTest } from './redis-under-test.ts';
import { clockInRedis, inFlight, SERVER_LATE, twinLogs } from './twin-logs.ts';

/** More of them: MODEL_RUNS=100000. A failure prints the seed and path that bring it back. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 2_000);
const SEED = Number(process.env['MODEL_SEED'] ?? Date.now());
/** Models side by side, each on a clock of its own: while one waits for Redis, another goes on. */
const LANES_OF_WORK = 32;
const WITHIN_MS = 60_000 + RUNS * 100;
/** A failure is made smaller for so long, then shown as it is. */
const SHRINK_MS = 20_000;

/** What must have happened, and how often at least in 1,000 runs: a model in which nothing goes wrong proves nothing. */
const RARE: Readonly<Record<string, number>> = {
  call: 3_000,
  'refused by a window': 2_000,
  'refused by a pause': 30,
  pastUnknown: 500,
  restored: 500,
  'restored with past calls': 100,
  'a second loss while restoring': 5,
  'flushed with calls under way': 50,
  'a higher lane passed a waiting one': 40,
  'crashed with a permit': 5,
  'crashed before the stamp': 3,
  'permit too old': 30,
  'stopped for too long to send': 50,
  'ledger not written': 10,
  'answer lost': 300,
  'answer broken off': 300,
  'done, and the answer lost': 50,
  'no permit: notNow': 500,
  'no permit: limited': 10,
  'no permit: budgetUnreachable': 100,
  'blow: clockJump': 100,
};

let redis: RedisUnderTest;
beforeAll(async () => {
  redis = await redisUnderTest('model');
});
afterAll(() => redis.close());

it(
  'never lets more arrive than the limits allow, whatever is late, lost, killed or emptied, on both twins alike',
  async () => {
    const counts = new Map<string, number>();
    const count = (event: string): void => void counts.set(event, (counts.get(event) ?? 0) + 1);
    const failing = { since: null };
    const work = Array.from({ length: LANES_OF_WORK }, (_, lane) => runModels(lane, count, failing));
    const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    // A machine so busy that Redis seemed to be away for a second proves nothing in that run.
    expect(counts.get(SERVER_LATE) ?? 0).toBeLessThan(RUNS / 20);
    const seldom = Object.entries(RARE).filter(([event, least]) => (counts.get(event) ?? 0) < (least * RUNS) / 1_000);
    expect(seldom, JSON.stringify([...counts])).toEqual([]);
  },
  WITHIN_MS,
);

it('reads the time of its server in one way only, which the model puts its clock in the place of', () => {
  const folder = new URL('../../src/redis/', import.meta.url);
  const scripts = readdirSync(folder).filter((file) => /^budget-.*\.lua$/.test(file));
  expect(scripts.length).toBeGreaterThan(4);
  for (const file of scripts) {
    const source = readFileSync(new URL(file, folder), 'utf8');
    expect(source.split(SERVER_TIME).length - 1, file).toBe(1);
    expect(source.match(/'TIME'/gi)?.length, file).toBe(1);
  }
});

/** @param failing when the first model of any lane failed: then all others end soon */
async function runModels(
  lane: number,
  count: (event: string) => void,
  failing: { since: number | null },
): Promise<void> {
  const prefix = `${redis.prefix}${lane}:`;
  const clock = clockInRedis(redis.client, prefix);
  await loadScripts(prefix, clock);
  let run = 0;
  const property = fc.asyncProperty(schedule, async (one) => {
    if (failing.since !== null && Date.now() - failing.since > SHRINK_MS) return;
    run += 1;
    const flight = inFlight();
    const parts = { client: redis.client, prefix: `${prefix}${run}:`, clock, flight, count };
    const faults = await simulate(one, flight, count, (now) => twinLogs({ ...parts, now }));
    if (faults.length > 0) failing.since ??= Date.now();
    expect(faults).toEqual([]);
  });
  await fc.assert(property, { numRuns: Math.ceil(RUNS / LANES_OF_WORK), seed: SEED + lane, endOnFailure: false });
}

const LOADED = { key: '{s}:w', limit: 1, windowMs: 1 };

/** A script that Redis does not know yet is sent a second time: later than what was sent meanwhile. */
async function loadScripts(prefix: string, clock: ReturnType<typeof clockInRedis>): Promise<void> {
  clock.turn(1_700_000_000_000);
  const log = redisBudgetLog(redis.client, `${prefix}load:`, clock.expression);
  await open(log, [LOADED]);
  await log.take({
    group: 's',
    permit: 'p',
    windows: [LOADED],
    scopes: [],
    holdMs: 1,
    lineMs: 0,
    asker: { id: 'a', rank: 0, waitedMs: 0 },
  });
  await log.settle('p', [LOADED]);
  await log.pause('{s}', 1);
  await log.usage('s', [], []);
}
