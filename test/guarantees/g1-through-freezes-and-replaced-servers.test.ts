import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Limit } from '../../src/domain/profile.ts';
import { HOLD_OFF_MS } from '../../src/outbound/past.ts';
import { PERMIT_MAX_AGE_MS } from '../../src/outbound/permit.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startCallingProcesses, type CallingProcesses } from '../outbound/calling-processes.ts';
import { limitOf } from '../outbound/connections.ts';
import { startRedisProcess, type RedisProcess } from '../outbound/redis-process.ts';
import { violations } from '../outbound/strict-judge.ts';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';

/**
 * G1, the rest of it: what befalls the holder of a permit, or the server that counts them, lets no call through too many, and
 * the full rate is back soon after. Real processes on a Redis and a database of their own; the supplier counts arrivals.
 */
const SHORT = { limit: 6, windowMs: 500 };
const LONG = { limit: 12, windowMs: 1_500 };
const LIMITS: Limit[] = [limitOf('calls', [SHORT, LONG])];
const PROCESSES = 3;
const CALL_TIMEOUT_MS = 400;
const NETWORK_DELAY_MS = 100;
/** From its grant, a permit whose holder says no more occupies the long window for so long. */
const HELD_MS = PERMIT_MAX_AGE_MS + CALL_TIMEOUT_MS + NETWORK_DELAY_MS + LONG.windowMs;
const BEFORE_MS = 2_000;
/** For a client to connect again, and the allowance for the clock of another server. */
const BACK_MS = 500 + 1_000;
const FULL_AGAIN_MS = HOLD_OFF_MS + HELD_MS + BACK_MS;
/** Of what the limits allow; the rest is noise of a machine that does other things too. */
const FULL = 0.7;

let redis: RedisProcess;
let database: TestDatabase;
let calling: CallingProcesses;

beforeAll(async () => {
  database = await createTestDatabase('mysql');
});
afterAll(() => database.remove());

beforeEach(async () => {
  redis = await startRedisProcess();
  await database.db.knex('supplier_calls').delete();
  calling = await startCallingProcesses({
    redisUrl: redis.url,
    databaseUrl: database.url,
    limits: LIMITS,
    processes: PROCESSES,
    callers: 8,
    callTimeoutMs: CALL_TIMEOUT_MS,
    networkDelayMs: NETWORK_DELAY_MS,
  });
  while (calling.arrivals.length === 0) await sleep(20);
  await sleep(BEFORE_MS);
});
afterEach(async () => {
  await calling.stop();
  await redis.stop();
});

describe('no more calls arrive than the limits allow, and the full rate is back,', () => {
  it('when holders of permits are frozen until their permits are others’', async () => {
    const frozen = calling.children.slice(1);
    const ledger = openDatabase({ url: database.url, poolSize: 1 });
    // Here permits wait: between the grant and the first byte lies only the ledger.
    await ledger.knex.raw('LOCK TABLES supplier_calls WRITE');
    while ((await waitingForLedger()) < SHORT.limit) await sleep(10);
    for (const child of frozen) child.kill('SIGSTOP');
    await ledger.knex.raw('UNLOCK TABLES');
    await ledger.close();
    await sleep(HELD_MS + 500);
    const held = await unansweredFor(HELD_MS);
    for (const child of frozen) child.kill('SIGCONT');
    expect(held).toBeGreaterThan(0);
    await expectKeptAndFullAgain();
  });

  it('when Redis is killed and comes back empty', async () => {
    await redis.replaceByEmpty();
    await expectKeptAndFullAgain();
  });

  it('when Redis is replaced by an older copy of itself', async () => {
    await redis.saveCopy();
    await sleep(LONG.windowMs * 0.75);
    await redis.replaceByCopy();
    await expectKeptAndFullAgain();
  });

  it('when Redis is frozen for three seconds', async () => {
    redis.freeze();
    await sleep(3_000);
    redis.thaw();
    await expectKeptAndFullAgain();
  });
});

async function waitingForLedger(): Promise<number> {
  const rows = await database.db
    .knex('information_schema.PROCESSLIST')
    .whereRaw("DB = DATABASE() AND STATE LIKE 'Waiting for table%' AND INFO LIKE 'insert%'")
    .count<{ n: number }[]>({ n: '*' });
  return Number(rows[0]?.n);
}

/** Permits in the ledger of which nothing was heard for so long. */
async function unansweredFor(ms: number): Promise<number> {
  const rows = await database.db
    .knex('supplier_calls')
    .whereNull('answered_at_ms')
    .where('granted_at_ms', '<', Date.now() - ms)
    .count<{ n: number }[]>({ n: '*' });
  return Number(rows[0]?.n);
}

async function expectKeptAndFullAgain(): Promise<void> {
  await sleep(FULL_AGAIN_MS);
  const from = performance.now();
  await sleep(LONG.windowMs);
  const again = calling.arrivals.filter(({ at }) => at >= from).length;
  expect(calling.errors).toEqual([]);
  expect(violations(calling.arrivals, LIMITS)).toEqual([]);
  expect(again).toBeGreaterThanOrEqual(LONG.limit * FULL);
}
