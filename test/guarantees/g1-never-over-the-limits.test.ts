import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Limit } from '../../src/domain/profile.ts';
import type { CallingOrder } from '../outbound/calling-process.ts';
import { profileWith } from '../outbound/connections.ts';
import { redisUnderTest, serverUrl, type RedisUnderTest } from '../outbound/redis-under-test.ts';
import { violations, type Arrival } from '../outbound/strict-judge.ts';
import { answerJson, startSupplierDouble, type SupplierDouble } from '../outbound/supplier-double.ts';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';

/**
 * G1: all processes together never exceed a supplier's limits, through crashes, restarts and the loss of Redis.
 * Several processes on one Redis and one MariaDB call as hard as they may; the supplier counts arrivals in every window.
 */
const PROGRAM = fileURLToPath(new URL('../../dist/test/outbound/calling-process.js', import.meta.url));
const PROCESSES = 3;
const RUN_MS = 14_000;
const KILL_AT_MS = 4_000;
const LOSE_AT_MS = 8_000;

const STEADY = { limit: 10, windowMs: 1_000 };
const LONG = { limit: 35, windowMs: 5_000 };
const LIMITS: Limit[] = [
  {
    name: 'steady',
    scope: 'credential',
    counts: ['read', 'dump'],
    windows: [STEADY, LONG, { limit: 4, windowMs: 0 }],
    source: 'the test',
  },
  {
    name: 'address',
    scope: 'address',
    counts: ['token'],
    windows: [{ limit: 3, windowMs: 2_000 }],
    source: 'the test',
  },
  { name: 'dump', scope: 'credential', counts: ['dump'], windows: [{ limit: 1, windowMs: 1_500 }], source: 'the test' },
];

let redis: RedisUnderTest;
let database: TestDatabase;
let supplier: SupplierDouble;
const children = new Map<string, ChildProcess>();
const errors: string[] = [];

beforeAll(async () => {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: build with its tests first, or run "npm test".`);
  redis = await redisUnderTest('g1');
  database = await createTestDatabase('mysql');
});
afterAll(async () => {
  for (const child of children.values()) child.kill('SIGKILL');
  await supplier.close();
  await redis.close();
  await database.remove();
});

it('never lets more calls arrive than the limits allow, through kill -9 and the loss of Redis', async () => {
  const startedAt = performance.now();
  const elapsedMs = (): number => performance.now() - startedAt;
  const arrivals: (Arrival & { process: string })[] = [];
  let killed: string | null = null;
  supplier = await startSupplierDouble(async (request, response) => {
    // The way to the supplier: what was sent one after the other arrives in any order.
    await sleep(Math.random() * 10);
    const process = String(request.headers['x-process']);
    const arrival = { account: String(request.headers['x-account']), callClass: request.url.slice(1), process };
    const at = performance.now();
    await sleep(Math.random() * 10);
    if (killed === null && elapsedMs() > KILL_AT_MS) {
      killed = process;
      children.get(process)?.kill('SIGKILL');
    }
    arrivals.push({ ...arrival, at, doneAt: performance.now() });
    void answerJson({})(request, response);
  });
  for (let index = 0; index < PROCESSES; index += 1) start(`process ${index}`);

  await sleep(LOSE_AT_MS);
  await redis.empty();
  start('replacement');
  await sleep(RUN_MS - LOSE_AT_MS);
  for (const child of children.values()) child.kill('SIGKILL');
  await sleep(100);

  expect(errors).toEqual([]);
  expect(killed).not.toBeNull();
  expect(arrivals.some(({ process }) => process === 'replacement')).toBe(true);
  expect(violations(arrivals, LIMITS)).toEqual([]);
  expect(utilisation(arrivals)).toBeGreaterThanOrEqual(0.75);
  const rows = await database.db.knex('supplier_calls').count({ n: '*' });
  expect(Number((rows as { n: number }[])[0]?.n)).toBeGreaterThanOrEqual(arrivals.length);
}, 60_000);

/** Of what the longer window would have allowed between the first call and the last. */
function utilisation(arrivals: readonly Arrival[]): number {
  const main = arrivals.filter(({ account, callClass }) => account === 'main' && callClass !== 'token');
  const times = main.map(({ at }) => at);
  return main.length / (LONG.limit * ((Math.max(...times) - Math.min(...times)) / LONG.windowMs));
}

function start(name: string): void {
  const order: CallingOrder = {
    name,
    redisUrl: serverUrl('TEST_REDIS_URL'),
    prefix: redis.prefix,
    databaseUrl: database.url,
    supplierUrl: supplier.url,
    profile: profileWith({ limits: LIMITS, callTimeoutMs: 1_000, networkDelayMs: 200 }),
    callClasses: ['read', 'read', 'dump', 'token', 'read'],
    accounts: ['main', 'main', 'main', 'second'],
    callers: 12,
  };
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(order)], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (data: Buffer) => {
    // Warnings are how a killed neighbour and an emptied Redis are told of; an error is ours.
    if (/"level":(50|60)|Error:/.test(data.toString())) errors.push(data.toString());
  });
  children.set(name, child);
}
