import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { createClient } from 'redis';
import { systemClock } from '../../src/domain/clock.ts';
import { createPast } from '../../src/outbound/past.ts';
import { callWindows, type CallWindow } from '../../src/outbound/windows.ts';
import { redisBudgetLog, type BudgetLog } from '../../src/redis/budget-log.ts';
import type { Redis } from '../../src/redis/connection.ts';
import { callLedger } from '../../src/store/calls.ts';
import { inChunks, type Database } from '../../src/store/database.ts';
import { connectionTo, limitOf, profileWith } from '../outbound/connections.ts';
import type { Servers } from './measure-limiter.ts';

const ENTRIES = 100_000;
const SUPPLIERS = 300;
/** In each window of each of many suppliers. */
const ENTRIES_EACH = 100;
const DAY_MS = 86_400_000;
const ASKERS = 32;
const SLICE_MS = 1_000;
const SLICES = 5;
const ROWS_PER_INSERT = 1_000;
const HOLD_MS = 3_000;
const CALL_CLASS = 'stock';

const PROFILE = profileWith({
  limits: [
    limitOf('calls', [
      { limit: 1_000_000, windowMs: 1_000 },
      { limit: 1_000_000, windowMs: 60_000 },
      { limit: 1_000_000, windowMs: DAY_MS },
    ]),
  ],
});

/** What a day's worth of calls costs: memory of Redis, and decisions per second beside a Redis that holds nothing. */
export async function measureScale(servers: Servers, db: Database, say: (line: string) => void): Promise<void> {
  const client = createClient({ url: servers.redisUrl }) as Redis;
  await client.connect();
  const prefix = `bench:${randomUUID()}:`;
  const log = redisBudgetLog(client, prefix);
  try {
    for (const supplier of ['empty', 'taken']) await open(log, supplier);
    say('| what | measured |\n| --- | --- |');
    const takenMs = await timed(() => takeAndSettle(log, 'taken', ENTRIES));
    const taken = await bytesOf(client, `${prefix}*{taken}*`);
    say(`| ${ENTRIES} calls taken and settled | ${perSecond(ENTRIES, takenMs)} |`);
    say(`| Redis for them in a window of 24 h (with what 60 s and 1 s still hold) | ${megabytes(taken)} |`);

    await fillLedger(db, ENTRIES);
    const past = createPast({
      budgetLog: log,
      ledger: callLedger(db),
      clock: systemClock,
      log: pino({ level: 'silent' }),
    });
    const restoredMs = await timed(() => past.restore(connection('restored')));
    const restored = await bytesOf(client, `${prefix}*{restored}*`);
    say(
      `| the same from the call ledger, after a loss, the hold-off included | ${(restoredMs / 1_000).toFixed(1)} s |`,
    );
    say(`| Redis for them, in a window of 24 h | ${megabytes(restored)} |`);
    say(`| decisions with ${ENTRIES} in the window, beside none | ${await ratio(log, () => 'taken')} |`);

    await fillSuppliers(log);
    const many = await bytesOf(client, `${prefix}*{many*`);
    const entries = SUPPLIERS * ENTRIES_EACH * windowsOf('many').length;
    say(`| Redis for ${SUPPLIERS} suppliers x 3 windows x ${ENTRIES_EACH} calls | ${megabytes(many)} |`);
    say(`| of it for 100,000 entries | ${megabytes((many / entries) * 100_000)} |`);
    const anyOfThem = (): string => `many${Math.floor(Math.random() * SUPPLIERS)}`;
    say(`| decisions for ${SUPPLIERS} suppliers in turn, beside one that is empty | ${await ratio(log, anyOfThem)} |`);
  } finally {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
    await client.close();
  }
}

function connection(supplier: string): ReturnType<typeof connectionTo> {
  return connectionTo('', { supplier, profile: PROFILE });
}

function windowsOf(supplier: string): CallWindow[] {
  return callWindows({ supplier, account: 'main', callClass: CALL_CLASS }, PROFILE, 'interactive');
}

async function open(log: BudgetLog, supplier: string): Promise<void> {
  const begun = await log.beginRestore(supplier, windowsOf(supplier));
  if (begun !== 'alreadyKnown') await log.restore(supplier, begun.marker, windowsOf(supplier), []);
}

async function takeAndSettle(log: BudgetLog, supplier: string, count: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: ASKERS }, async () => {
      while (left-- > 0) await log.settle(await take(log, supplier), windowsOf(supplier));
    }),
  );
}

/** @returns the permit's id */
async function take(log: BudgetLog, supplier: string): Promise<string> {
  const permit = randomUUID();
  const asker = { id: permit, rank: 1, waitedMs: 0 };
  const windows = windowsOf(supplier);
  const taken = await log.take({ group: supplier, permit, windows, scopes: [], holdMs: HOLD_MS, asker, lineMs: 0 });
  if (taken.outcome !== 'granted') throw new Error(`The budget of ${supplier} gave no permit: ${taken.outcome}.`);
  return permit;
}

async function fillLedger(db: Database, count: number): Promise<void> {
  const now = Date.now();
  const rows = Array.from({ length: count }, (_, index) => ({
    permit_id: randomUUID(),
    supplier: 'restored',
    account: 'main',
    call_class: CALL_CLASS,
    lane: 'interactive',
    granted_at_ms: now - 60_000 - index * 800,
    hold_ms: HOLD_MS,
    answered_at_ms: now - 59_900 - index * 800,
    status: 200,
  }));
  for (const chunk of inChunks(rows, ROWS_PER_INSERT)) await db.knex('supplier_calls').insert(chunk);
}

async function fillSuppliers(log: BudgetLog): Promise<void> {
  for (let index = 0; index < SUPPLIERS; index += 1) {
    const supplier = `many${index}`;
    const until = Date.now() + DAY_MS;
    const entries = windowsOf(supplier).flatMap(({ key }) =>
      Array.from({ length: ENTRIES_EACH }, () => ({ key, permit: randomUUID(), until })),
    );
    const begun = await log.beginRestore(supplier, windowsOf(supplier));
    if (begun !== 'alreadyKnown') await log.restore(supplier, begun.marker, windowsOf(supplier), entries);
  }
}

/** In slices by turns, as the machine does other things too. What is taken is given back, so that nothing grows. */
async function ratio(log: BudgetLog, supplier: () => string): Promise<string> {
  const rates = { full: [] as number[], empty: [] as number[] };
  for (let slice = 0; slice < SLICES; slice += 1) {
    rates.full.push(await decisionsPerSecond(log, supplier));
    rates.empty.push(await decisionsPerSecond(log, () => 'empty'));
  }
  const [full, empty] = [median(rates.full), median(rates.empty)];
  return `${(full / empty).toFixed(2)} of them (${full.toFixed(0)}/s and ${empty.toFixed(0)}/s)`;
}

async function decisionsPerSecond(log: BudgetLog, supplier: () => string): Promise<number> {
  const startedAt = performance.now();
  let made = 0;
  await Promise.all(
    Array.from({ length: ASKERS }, async () => {
      while (performance.now() - startedAt < SLICE_MS) {
        const chosen = supplier();
        const unused = windowsOf(chosen).map((window) => ({ ...window, windowMs: 0 }));
        await log.settle(await take(log, chosen), unused);
        made += 1;
      }
    }),
  );
  return made / ((performance.now() - startedAt) / 1_000);
}

async function bytesOf(client: Redis, pattern: string): Promise<number> {
  let bytes = 0;
  for await (const keys of client.scanIterator({ MATCH: pattern, COUNT: 1_000 })) {
    for (const key of keys) bytes += (await client.memoryUsage(key, { SAMPLES: 0 })) ?? 0;
  }
  return bytes;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function perSecond(count: number, ms: number): string {
  return `${(count / (ms / 1_000)).toFixed(0)}/s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
