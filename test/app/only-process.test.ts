import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { becomeOnlyProcess, grantingWhileHeld } from '../../src/app/only-process.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import type { Take } from '../../src/redis/budget-log.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { takeLease } from '../../src/store/leases.ts';
import { createTestDatabase } from '../sync/test-database.ts';
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts';

const LIVE_QUERY = `{ part(by: { brandPart: { brand: "BRITISH CLASSICS", partNumber: "128-100" } }) {
  availability(freshness: { maxAge: "PT0S", onStale: LIVE_REQUIRED, waitUpTo: "PT5S" }) { quantity }
} }`;

/** Without Redis, calls are counted in the memory of one process: a second must not call as long as the first can. */
describe('the only process on a database', () => {
  let folder: string;
  let sandbox: Sandbox;
  let running: GatewayProcess[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-only-'));
    sandbox = await startSandbox({ parts: 30, movesPerSecond: 0 });
    const credentials = { clientId: { env: 'S_ID' }, clientSecret: { env: 'S_SECRET' } };
    const suppliers = { sandbox: { connector: 'sandbox', baseUrl: sandbox.url, credentials } };
    const database = { url: `sqlite:${join(folder, 'copy.db')}` };
    writeFileSync(join(folder, 'gateway.json'), JSON.stringify({ http: { port: 0 }, database, suppliers }));
  });
  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    running = [];
    await sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(...args: string[]): GatewayProcess {
    const environment = { S_ID: 'sandbox', S_SECRET: 'sandbox-secret' };
    const started = startGatewayProcess([...args, '--config', 'gateway.json'], { cwd: folder, environment });
    running.push(started);
    return started;
  }

  it('calls no supplier from the moment another may have its place, says why, and ends', async () => {
    expect(await start('sync', 'sandbox', 'catalog').ended()).toBe(0);
    const served = start('serve');
    const [, url] = await served.printed(/"url":"(http:[^"]+)"/);
    const live = (): Promise<unknown> => ask(`${url}/graphql`);
    const bulkCalls = (): number => sandbox.verdict().callsByClass['stockByIds'] ?? 0;
    await live();
    expect(bulkCalls(), 'the query makes a call as long as it may').toBe(1);

    served.child.kill('SIGSTOP');
    const worker = start('worker');
    await worker.printed(/Waiting for its place/);
    const before = sandbox.verdict().arrivals;
    await expect.poll(() => sandbox.verdict().arrivals, { timeout: 30_000 }).toBeGreaterThan(before);
    // Asked while it is stopped: it is the first thing that it sees when it goes on.
    const answer = live();
    served.child.kill('SIGCONT');
    expect(JSON.stringify(await answer)).toMatch(/BUDGET_UNREACHABLE|budget|fetch failed/i);
    expect(await served.ended()).toBe(1);
    expect(served.out()).toMatch(/could not keep its place as the only one on its database.*REDIS_URL/);
    expect(bulkCalls()).toBe(1);
    worker.child.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
  }, 180_000);
});

describe('the right to call', () => {
  it('ends on time by itself: a process that stood still does not look at the database first', async () => {
    const database = await createTestDatabase('sqlite');
    let now = 1_000_000;
    // It never wakes up to renew.
    const clock = { now: () => now, sleep: () => new Promise<void>(() => undefined) };
    const untold = (): never => {
      throw new Error('nobody tells it');
    };
    const place = { db: database.db, clock, owner: 'frozen', onWaiting: untold, onLost: untold };
    const only = await becomeOnlyProcess(place);
    const budgetLog = grantingWhileHeld(
      memoryBudgetLog(() => now),
      only,
    );
    const take: Take = {
      group: 'acme',
      permit: 'one',
      windows: [{ key: '{acme}:w', limit: 1, windowMs: 1_000 }],
      scopes: [],
      holdMs: 1_000,
      asker: { id: 'a', rank: 0, waitedMs: 0 },
      lineMs: 0,
    };
    now += 9_999;
    await expect(budgetLog.take(take)).resolves.toMatchObject({ outcome: 'pastUnknown' });
    now += 1;
    await expect(budgetLog.take(take)).rejects.toThrow(/could not keep its place/);
    expect(await takeLease(database.db, 'only-process', 'other', now, 10_000), 'no sooner').not.toBeNull();
    await database.remove();
  });
});

async function ask(url: string): Promise<unknown> {
  try {
    const body = JSON.stringify({ query: LIVE_QUERY });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return await response.json();
  } catch (error) {
    return String(error);
  }
}
