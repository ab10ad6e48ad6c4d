import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import { createBudget } from '../../src/outbound/budget.ts';
import { createGate } from '../../src/outbound/gate.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { memoryTokenShelf } from '../../src/redis/token-shelf-memory.ts';
import { callLedger } from '../../src/store/calls.ts';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';
import { connectionTo, profileWith, silentLog } from './connections.ts';
import { soon } from './gate-under-test.ts';
import { openedLog } from './opened-log.ts';
import { answerJson, startSupplierDouble, type SupplierDouble } from './supplier-double.ts';

let database: TestDatabase;
let supplier: SupplierDouble;
beforeEach(async () => {
  database = await createTestDatabase('sqlite');
  supplier = await startSupplierDouble(answerJson({}));
});
afterEach(async () => {
  await supplier.close();
  await database.remove();
});

const profile = profileWith({ callTimeoutMs: 1_000 });
const request = { callClass: 'read', method: 'GET', path: 'x', expects: 'json' } as const;

/**
 * A gate whose process stands still for so long right after it has looked at its permit's age for the last time.
 * @param isSuspended whether the whole machine stands still: then its monotonic clock does too
 */
async function gateThatStops(stoppedMs: number, isSuspended = false) {
  let laterMs = 0;
  const now = (): number => Date.now() + (isSuspended ? laterMs : 0);
  const steady = (): number => performance.timeOrigin + performance.now();
  const budgetLog = openedLog(memoryBudgetLog(steady));
  const sources = {
    clock: { ...systemClock, now },
    monotonic: () => performance.now() + (isSuspended ? 0 : laterMs),
    random: () => 0.2,
    newId: () => randomUUID(),
    log: silentLog,
  };
  const ledger = callLedger(database.db);
  const budget = createBudget({ budgetLog, ledger, ...sources });
  const isFresh: typeof budget.isFresh = (permit) => {
    const isYoung = budget.isFresh(permit);
    laterMs = stoppedMs;
    return isYoung;
  };
  return createGate({ budget: { ...budget, isFresh }, ledger, shelf: memoryTokenShelf(steady), ...sources });
}

it('sends nothing by a permit whose holder stood still past its hold', async () => {
  const gate = await gateThatStops(60_000);
  const call = gate.callFor(connectionTo(supplier.url, { profile }), soon());
  await expect(call(request)).rejects.toMatchObject({ failure: 'timedOut' });
  await gate.drain();
  expect(supplier.seen).toEqual([]);
});

it('sends nothing by a permit when the machine was suspended meanwhile', async () => {
  const gate = await gateThatStops(60_000, true);
  const call = gate.callFor(connectionTo(supplier.url, { profile }), soon());
  await expect(call(request)).rejects.toMatchObject({ failure: 'timedOut' });
  await gate.drain();
  expect(supplier.seen).toEqual([]);
});

it('sends by a permit whose holder stood still for a moment', async () => {
  const gate = await gateThatStops(600);
  await gate.callFor(connectionTo(supplier.url, { profile }), soon())(request);
  await gate.drain();
  expect(supplier.seen).toHaveLength(1);
});
