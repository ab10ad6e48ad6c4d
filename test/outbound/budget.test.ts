import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Lane } from '../../src/domain/lane.ts';
import { createBreaker } from '../../src/outbound/breaker.ts';
import { createBudget, type Budget } from '../../src/outbound/budget.ts';
import { createRetryBudget } from '../../src/outbound/retry-budget.ts';
import type { CallFailed } from '../../src/outbound/supplier-call.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import type { CallLedger } from '../../src/store/calls.ts';
import { connectionTo, limitOf, profileWith, silentLog } from './connections.ts';
import { openedLog, reachedBy } from './opened-log.ts';
import { virtualTime, type VirtualTime } from './virtual-time.ts';

const START = 1_700_000_000_000;
const emptyLedger: CallLedger = {
  record: async () => undefined,
  complete: async () => undefined,
  notePause: async () => undefined,
  recent: async () => [],
};
const connection = connectionTo('http://nowhere/', {
  profile: profileWith({
    limits: [
      limitOf('steady', [
        { limit: 2, windowMs: 1_000 },
        { limit: 6, windowMs: 3_600_000 },
      ]),
    ],
  }),
});

let time: VirtualTime;
let budget: Budget;
let isStoreGone: boolean;
const log = () => memoryBudgetLog(time.clock.now);

beforeEach(async () => {
  time = virtualTime(START);
  isStoreGone = false;
  const budgetLog = openedLog(log());
  const take: typeof budgetLog.take = (asked) =>
    isStoreGone ? Promise.reject(new Error('no connection')) : budgetLog.take(asked);
  budget = budgetOn({ ...reachedBy(budgetLog, (ask) => ask()), take }, emptyLedger);
});

function budgetOn(budgetLog: ReturnType<typeof log>, ledger: CallLedger): Budget {
  const { clock } = time;
  const sources = { clock, monotonic: clock.now, random: () => 0, newId: () => randomUUID(), log: silentLog };
  return createBudget({ budgetLog, ledger, ...sources });
}

/** Asks, and notes when it was answered and how. */
function ask(waitMs: number, lane: Lane = 'interactive', asked = connection) {
  const result = { at: -1, outcome: '', message: '', retryAt: null as number | null };
  void budget.acquire(asked, 'read', { lane, deadline: time.clock.now() + waitMs }).then(
    async (permit) => {
      Object.assign(result, { at: time.clock.now() - START, outcome: 'granted' });
      await time.clock.sleep(10);
      await budget.settle(permit, 'answered');
    },
    (error: unknown) => {
      const failed = error as CallFailed;
      const at = time.clock.now() - START;
      Object.assign(result, { at, outcome: failed.failure, message: failed.message, retryAt: failed.retryAt });
    },
  );
  return result;
}

describe('a permit', () => {
  it('is waited for, first come, first served', async () => {
    const results = Array.from({ length: 6 }, () => ask(60_000));
    await time.runUntil(START + 60_000);
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(6).fill('granted'));
    expect(results.map(({ at }) => at)).toEqual([0, 0, 1_010, 1_010, 2_020, 2_020]);
  });

  it('is refused at once where it is sure to come too late, by the name of the window', async () => {
    for (let index = 0; index < 6; index += 1) ask(60_000);
    await time.runUntil(START + 10_000);
    const [head, follower] = [ask(5_000), ask(5_000)];
    await time.runUntil(START + 10_000);
    for (const refused of [head, follower]) {
      expect(refused).toMatchObject({ at: 10_000, outcome: 'notNow', retryAt: START + 3_600_010 });
      expect(refused.message).toContain('6 calls per 60 min (limit "steady")');
    }
  });

  it('is refused at the deadline where it may come in time and does not', async () => {
    ask(60_000);
    ask(60_000);
    const late = ask(500);
    await time.runUntil(START + 600);
    expect(late).toMatchObject({ outcome: 'notNow' });
    expect(late.at).toBeLessThanOrEqual(500);
  });

  it('goes to the more urgent lane first', async () => {
    ask(60_000);
    ask(60_000);
    await time.runUntil(START + 1);
    const backfill = [ask(60_000, 'backfill'), ask(60_000, 'backfill'), ask(60_000, 'backfill')];
    await time.runUntil(START + 500);
    const checkout = ask(60_000, 'checkout');
    await time.runUntil(START + 5_000);
    expect(checkout.at).toBe(1_010);
    expect(backfill.map(({ at }) => at)).toEqual([1_010, 2_020, 2_020]);
  });

  it('is not granted where the budget cannot be reached', async () => {
    isStoreGone = true;
    const refused = ask(5_000);
    await time.runUntil(START + 10);
    expect(refused).toMatchObject({ at: 0, outcome: 'budgetUnreachable' });
  });

  it('is not waited for past a pause that outlasts the caller', async () => {
    await budget.pause(connection, 'read', 30_000);
    const refused = ask(5_000);
    await time.runUntil(START + 10);
    expect(refused).toMatchObject({ at: 0, outcome: 'limited', retryAt: START + 30_000 });
  });

  it('is not granted to a lane from which all is kept back', async () => {
    const profile = { ...connection.profile, keptBack: { backfill: 1 } };
    const refused = ask(5_000, 'backfill', { ...connection, profile });
    await time.runUntil(START + 10);
    expect(refused).toMatchObject({ outcome: 'notNow' });
    expect(refused.message).toContain('kept back');
  });

  it('is not granted to a class that no limit counts', async () => {
    const profile = profileWith({
      limits: [{ ...limitOf('reads', [{ limit: 9, windowMs: 1_000 }]), counts: ['reads'] }],
    });
    const refused = ask(5_000, 'interactive', { ...connection, profile });
    await time.runUntil(START + 10);
    expect(refused).toMatchObject({ at: 0, outcome: 'notNow' });
    expect(refused.message).toContain('No limit of double');
    expect(refused.message).toContain('class read');
  });

  it('comes as soon as a call in flight of this process ends', async () => {
    const profile = profileWith({ limits: [limitOf('flight', [{ limit: 1, windowMs: 0 }])] });
    const single = { ...connection, account: 'single', profile };
    const results = [ask(5_000, 'interactive', single), ask(5_000, 'interactive', single)];
    await time.runUntil(START + 1_000);
    expect(results.map(({ at }) => at)).toEqual([0, 10]);
  });

  it('waits for no one whose caller has left', async () => {
    const profile = profileWith({ limits: [limitOf('rare', [{ limit: 1, windowMs: 10_000 }])] });
    const rare = { ...connection, account: 'rare', profile };
    ask(60_000, 'interactive', rare);
    await time.runUntil(START + 1);
    const left = new AbortController();
    const terms = { lane: 'interactive' as const, deadline: START + 60_000, signal: left.signal };
    const leaving = budget.acquire(rare, 'read', terms);
    const behind = ask(60_000, 'interactive', rare);
    await time.runUntil(START + 5_000);
    left.abort();
    await expect(leaving).rejects.toMatchObject({ failure: 'notNow' });
    await time.runUntil(START + 60_000);
    expect(behind).toMatchObject({ outcome: 'granted', at: 10_010 });
  });
});

describe('a permit in hand', () => {
  it('is too old by the clock that says so first', async () => {
    const clocks = { now: 0, monotonic: 0 };
    const clock = { ...time.clock, now: () => START + clocks.now };
    const sources = {
      clock,
      monotonic: () => clocks.monotonic,
      random: () => 0,
      newId: () => randomUUID(),
      log: silentLog,
    };
    const made = createBudget({ budgetLog: openedLog(log()), ledger: emptyLedger, ...sources });
    const permit = await made.acquire(connection, 'read', { lane: 'interactive', deadline: START + 1_000 });
    for (const [now, monotonic, isFresh] of [
      [500, 500, true],
      [501, 0, false],
      [0, 501, false],
      [-9_000, 500, true],
    ] as const) {
      Object.assign(clocks, { now, monotonic });
      expect(made.isFresh(permit)).toBe(isFresh);
    }
  });
});

describe('usage', () => {
  it('tells what is ours, occupied, and when it frees', async () => {
    ask(100);
    await time.runUntil(START + 500);
    expect(await budget.usage(connection)).toEqual({
      isPastKnown: true,
      pausedUntil: null,
      windows: [
        { limitName: 'steady', windowMs: 1_000, limit: 2, occupied: 1, freesAt: START + 1_010 },
        { limitName: 'steady', windowMs: 3_600_000, limit: 6, occupied: 1, freesAt: START + 3_600_010 },
      ],
    });
  });
});

describe('a lost past', () => {
  it('is read from the ledger before anything is granted', async () => {
    const call = {
      supplier: 'double',
      account: 'main',
      callClass: 'read',
      lane: 'interactive' as const,
      holdMs: 3_000,
    };
    const calls = Array.from({ length: 6 }, (_, index) => ({
      ...call,
      permit: `old-${index}`,
      grantedAt: START - 1_800_000,
      answeredAt: index === 0 ? null : START - 1_799_900,
      wallAt: START - 1_800_000,
      pausedUntil: null,
    }));
    const ledger = {
      ...emptyLedger,
      recent: async (_s: string, _t: unknown, after: unknown) => (after === null ? calls : []),
    };
    budget = budgetOn(log(), ledger);
    const refused = ask(60_000);
    await time.runUntil(START + 5_000);
    expect(refused).toMatchObject({ at: 600, outcome: 'notNow' });
    expect(refused.message).toContain('per 60 min');
  });

  it('refuses callers that cannot wait for it', async () => {
    budget = budgetOn(log(), emptyLedger);
    const refused = ask(100);
    await time.runUntil(START + 2_000);
    expect(refused).toMatchObject({ at: 100, outcome: 'budgetUnreachable' });
    const granted = ask(100);
    await time.runUntil(START + 3_000);
    expect(granted.outcome).toBe('granted');
  });

  it('stays lost while the ledger cannot be read', async () => {
    const ledger = { ...emptyLedger, recent: () => Promise.reject(new Error('no database')) };
    budget = budgetOn(log(), ledger);
    const refused = ask(5_000);
    await time.runUntil(START + 2_000);
    expect(refused.outcome).toBe('budgetUnreachable');
  });
});

describe('the breaker', () => {
  it('opens after five failures, lets one probe through, and closes on an answer', async () => {
    const breaker = createBreaker(time.clock);
    const enter = () => {
      const pass = breaker.enter('double');
      if ('retryAt' in pass) throw new Error(`closed until ${pass.retryAt}`);
      return pass;
    };
    for (let index = 0; index < 5; index += 1) breaker.leave(enter(), 'failed');
    expect(breaker.enter('double')).toEqual({ retryAt: START + 5_000 });
    expect('retryAt' in breaker.enter('another')).toBe(false);
    await time.runUntil(START + 5_000);
    const probe = enter();
    expect(probe.isProbe).toBe(true);
    expect('retryAt' in breaker.enter('double')).toBe(true);
    breaker.leave(probe, 'given up');
    breaker.leave(enter(), 'failed');
    expect(breaker.resting('double')).toEqual({ retryAt: START + 15_000 });
    await time.runUntil(START + 15_000);
    breaker.leave(enter(), 'answered');
    expect(enter().isProbe).toBe(false);
  });
});

describe('the retry budget', () => {
  it('allows a tenth of the first attempts in a minute, and three at least', async () => {
    const retries = createRetryBudget(time.clock);
    const taken = () => Array.from({ length: 100 }, () => retries.takeRetry()).filter(Boolean).length;
    expect(taken()).toBe(3);
    for (let index = 0; index < 200; index += 1) retries.countFirst();
    expect(taken()).toBe(17);
    await time.runUntil(START + 60_000);
    expect(taken()).toBe(3);
  });
});
