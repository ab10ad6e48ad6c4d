import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandbox as connector } from '../../src/connectors/sandbox/sandbox.ts';
import { systemClock } from '../../src/domain/clock.ts';
import type { Feed } from '../../src/domain/profile.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import { createBudget } from '../../src/outbound/budget.ts';
import { createGate } from '../../src/outbound/gate.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { memoryTokenShelf } from '../../src/redis/token-shelf-memory.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { callLedger } from '../../src/store/calls.ts';
import { changePositions } from '../../src/store/changes.ts';
import type { Database } from '../../src/store/database.ts';
import { countDeadLetters } from '../../src/store/dead-letters.ts';
import { readFeedState } from '../../src/store/feed-states.ts';
import type { SyncMode } from '../../src/store/sync-runs.ts';
import type { RunEnd } from '../../src/sync/progress.ts';
import { runFeed } from '../../src/sync/run.ts';
import type { SyncDeps } from '../../src/sync/run.ts';
import { createTestDatabase, DIALECTS } from './test-database.ts';
import type { TestDatabase } from './test-database.ts';

const PARTS = 400;
const PAGE_SIZE = 50;
const PAGES = PARTS / PAGE_SIZE;

describe.each(DIALECTS)('runs against the sandbox supplier through the gate, on %s', (dialect) => {
  let test: TestDatabase;
  let supplier: Sandbox;
  let deps: SyncDeps;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
    supplier = await startSandbox({ parts: PARTS, pageSize: PAGE_SIZE, seed: 5 });
    deps = createDeps(test.db, supplier);
  });
  afterAll(async () => {
    await supplier.stop();
    await test.remove();
  });

  it('fills catalog and stock, however the supplier stumbles on the way, and keeps its limits', async () => {
    supplier.control.addFault({ kind: 'storm429', count: 1, path: '/v1', retryAfterSeconds: 1 });
    supplier.control.addFault({ kind: 'errors500', count: 1, path: '/v1' });
    supplier.control.addFault({ kind: 'reset', count: 1, path: '/v1' });
    const catalog = await run('catalog', 'full');
    expect(catalog).toMatchObject({ state: 'done', progress: { pages: PAGES, rows: PARTS } });
    const stock = await run('stock', 'full');
    expect(stock).toMatchObject({ state: 'done', progress: { pages: PAGES, rows: PARTS } });
    expect(await test.db.knex('offers').whereNotNull('catalog_observed_at').count({ n: '*' })).toEqual([{ n: PARTS }]);
    expect(ourViolations(supplier)).toEqual([]);
  });

  it('breaks off at an answer that is none, and goes on at that page', async () => {
    supplier.control.addFault({ kind: 'html200', count: 1, path: '/v1/prices' });
    const broken = await run('prices', 'full');
    expect(broken.state).toBe('failed');
    expect(await readFeedState(test.db, 'sandbox', 'prices')).toMatchObject({
      watermark: null,
      lastError: broken.reason,
    });
    expect(await countDeadLetters(test.db)).toBeGreaterThan(0);
    expect((await run('prices', 'full')).state).toBe('done');
  });

  it('finds by deltas what moved: a full run after them changes nothing more', async () => {
    supplier.control.moveStock(150);
    expect(await run('stock', 'incremental')).toMatchObject({ state: 'done', progress: { mode: 'incremental' } });
    const { newest } = await changePositions(test.db);
    expect(await run('stock', 'full')).toMatchObject({ state: 'done', progress: { rows: PARTS } });
    expect((await changePositions(test.db)).newest).toBe(newest);
  });

  it('does not believe an empty list', async () => {
    supplier.control.addFault({ kind: 'emptyList', count: 1, path: '/v1/stock' });
    const before = await readFeedState(test.db, 'sandbox', 'stock');
    expect(await run('stock', 'full')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('not believed') as string,
    });
    expect(await readFeedState(test.db, 'sandbox', 'stock')).toMatchObject({ watermark: before?.watermark });
  });

  function run(feed: Feed, mode: SyncMode): Promise<RunEnd> {
    return runFeed(deps, { supplier: 'sandbox', feed, mode, lane: 'scheduled' });
  }
});

function createDeps(db: Database, supplier: Sandbox): SyncDeps {
  const clock = systemClock;
  const random = (): number => 0.5;
  const monotonic = (): number => performance.now();
  const log = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
  const ledger = callLedger(db);
  const sources = { clock, monotonic, random, newId: (): string => randomUUID(), log };
  const budget = createBudget({ budgetLog: memoryBudgetLog(() => clock.now()), ledger, ...sources });
  const gate = createGate({ budget, ledger, shelf: memoryTokenShelf(() => clock.now()), ...sources });
  const secrets: Record<string, string> = { clientId: 'sandbox', clientSecret: 'sandbox-secret' };
  const connection = {
    supplier: 'sandbox',
    account: 'default',
    baseUrl: `${supplier.url}/`,
    profile: connector.profile,
    authentication: connector.authentication((name) => secrets[name] ?? ''),
  };
  const recorder = createRecorder({ db, wake: memoryWake(), clock });
  const suppliers = [{ id: 'sandbox', account: 'default', connector, connection }];
  return { db, recorder, gate, suppliers, clock, random, log, owner: 'test' };
}

function ourViolations(supplier: Sandbox): unknown[] {
  return supplier.verdict().windows.filter((window) => window.violations > 0);
}
