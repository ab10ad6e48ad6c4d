import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LANES } from '../../src/domain/lane.ts';
import type { Limit } from '../../src/domain/profile.ts';
import { createBudget, type Budget } from '../../src/outbound/budget.ts';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import type { BudgetLog } from '../../src/redis/budget-log.ts';
import type { CallLedger, LedgerCall } from '../../src/store/calls.ts';
import { connectionTo, profileWith, silentLog } from './connections.ts';
import { violations, type Arrival } from './strict-judge.ts';
import { virtualTime } from './virtual-time.ts';

const START = 1_700_000_000_000;
const RUN_MS = 90_000;
const LIMITS: Limit[] = [
  {
    name: 'steady',
    scope: 'credential',
    counts: ['read', 'dump'],
    windows: [
      { limit: 3, windowMs: 1_000 },
      { limit: 12, windowMs: 15_000 },
      { limit: 2, windowMs: 0 },
    ],
    source: 'the test',
  },
  { name: 'address', scope: 'address', counts: 'all', windows: [{ limit: 5, windowMs: 2_000 }], source: 'the test' },
  { name: 'dump', scope: 'credential', counts: ['dump'], windows: [{ limit: 1, windowMs: 4_000 }], source: 'the test' },
];
const profile = profileWith({
  limits: LIMITS,
  callTimeoutMs: 1_500,
  networkDelayMs: 400,
  keptBack: { backfill: 0.34 },
});

const caller = fc.record({
  process: fc.integer({ min: 0, max: 2 }),
  /** Dense at first, so that what goes wrong meets many that wait. */
  startMs: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 20_000 })),
  account: fc.constantFrom('main', 'second'),
  callClass: fc.constantFrom('read', 'read', 'token', 'dump', 'dump'),
  lane: fc.constantFrom(...LANES),
  patienceMs: fc.integer({ min: 0, max: 30_000 }),
  /** Between the grant and the row in the ledger: at times longer than a permit may be kept. */
  ledgerMs: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 200, max: 600 })),
  /** Between the row and the first byte, as far as a permit's age allows. */
  sendMs: fc.integer({ min: 0, max: 300 }),
  /** Share of the longest possible way to the supplier. */
  way: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
  workMs: fc.integer({ min: 0, max: 2_000 }),
  isAnswerLost: fc.oneof(fc.constant(false), fc.boolean()),
  stampMs: fc.integer({ min: 0, max: 60 }),
});
type Caller = typeof caller extends fc.Arbitrary<infer T> ? T : never;

const blow = fc.record({
  atMs: fc.oneof(fc.integer({ min: 600, max: 6_000 }), fc.integer({ min: 600, max: 25_000 })),
  kind: fc.constantFrom('flush', 'flush', 'crash'),
  process: fc.integer({ min: 0, max: 2 }),
});

it('never lets more arrive than the limits allow, whatever is late, lost, killed or flushed', async () => {
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(caller, { minLength: 15, maxLength: 60 }),
      fc.array(blow, { maxLength: 8 }),
      async (callers, blows) => {
        const arrivals = await simulate(callers, blows);
        calls += arrivals.length;
        expect(violations(arrivals, LIMITS)).toEqual([]);
      },
    ),
    { numRuns: 300, endOnFailure: false },
  );
  expect(calls).toBeGreaterThan(3_000);
}, 120_000);

interface Process {
  readonly budget: Budget;
  isDead: boolean;
}

async function simulate(
  callers: readonly Caller[],
  blows: readonly { atMs: number; kind: string; process: number }[],
): Promise<Arrival[]> {
  const time = virtualTime(START);
  const { clock } = time;
  const arrivals: Arrival[] = [];
  const ledger = ledgerInMemory();
  let log = memoryBudgetLog(clock.now);
  const shared = throughWhichever(() => log);
  const start = (): Process => ({ isDead: false, budget: budgetOf(shared, ledger, clock) });
  const processes = [start(), start(), start()];

  for (const blow of blows) {
    void clock.sleep(blow.atMs).then(() => {
      if (blow.kind === 'flush') log = memoryBudgetLog(clock.now);
      else {
        const dying = processes[blow.process];
        if (dying !== undefined) dying.isDead = true;
        processes[blow.process] = start();
      }
    });
  }
  for (const one of callers) {
    void clock.sleep(one.startMs).then(() => {
      const process = processes[one.process];
      return process === undefined ? undefined : makeCall(one, process, ledger, clock, arrivals);
    });
  }
  await time.runUntil(START + RUN_MS);
  return arrivals;
}

/** What the gate does around a permit, with every delay the caller was given. */
async function makeCall(
  one: Caller,
  process: Process,
  ledger: CallLedger,
  clock: { now(): number; sleep(ms: number): Promise<void> },
  arrivals: Arrival[],
): Promise<void> {
  const connection = connectionTo('http://nowhere/', { account: one.account, profile });
  const terms = { lane: one.lane, deadline: clock.now() + one.patienceMs };
  const permit = await process.budget.acquire(connection, one.callClass, terms).catch((error: unknown) => {
    if (error instanceof CallFailed) return null;
    throw error;
  });
  if (permit === null || process.isDead) return;
  await clock.sleep(one.ledgerMs);
  await ledger.record({ ...permit, permit: permit.id });
  if (!process.isDead && !process.budget.isFresh(permit)) return void process.budget.settle(permit, 'unused');
  if (process.isDead) return;
  const sentBy = clock.now() + one.sendMs;
  await clock.sleep(one.sendMs);
  if (process.isDead) return;
  const arriveAt = clock.now() + one.way * (profile.callTimeoutMs - one.sendMs + profile.networkDelayMs);
  const doneAt = arriveAt + one.workMs;
  const givenUpAt = sentBy - one.sendMs + profile.callTimeoutMs;
  // A supplier that works on after we gave up is beyond what a bound on calls in flight can promise.
  const arrival = { account: one.account, callClass: one.callClass, at: arriveAt };
  arrivals.push({ ...arrival, doneAt: Math.min(doneAt, Math.max(arriveAt, givenUpAt)) });
  if (one.isAnswerLost || doneAt > givenUpAt) return;
  await clock.sleep(doneAt - clock.now() + one.stampMs);
  if (process.isDead) return;
  const at = await process.budget.settle(permit, 'answered');
  if (at !== null) await ledger.complete(permit.id, at, 200);
}

function budgetOf(budgetLog: BudgetLog, ledger: CallLedger, clock: ReturnType<typeof virtualTime>['clock']): Budget {
  return createBudget({
    budgetLog,
    ledger,
    clock,
    monotonic: clock.now,
    random: () => 0.5,
    newId: randomUUID,
    log: silentLog,
  });
}

/** A store that is flushed is the same address with nothing behind it. */
function throughWhichever(current: () => BudgetLog): BudgetLog {
  return {
    take: (take) => current().take(take),
    settle: (permit, windows) => current().settle(permit, windows),
    leave: (group, asker) => current().leave(group, asker),
    pause: (scope, forMs) => current().pause(scope, forMs),
    usage: (group, windows, scopes) => current().usage(group, windows, scopes),
    beginRestore: (group) => current().beginRestore(group),
    restore: (group, marker, entries) => current().restore(group, marker, entries),
  };
}

function ledgerInMemory(): CallLedger {
  const calls = new Map<string, LedgerCall>();
  return {
    async record(call) {
      calls.set(call.permit, { ...call, answeredAt: null });
    },
    async complete(permit, answeredAt) {
      const call = calls.get(permit);
      if (call !== undefined) calls.set(permit, { ...call, answeredAt });
    },
    async recent(supplier, since, after) {
      if (after !== null) return [];
      return [...calls.values()].filter((call) => call.supplier === supplier && call.grantedAt >= since);
    },
  };
}
