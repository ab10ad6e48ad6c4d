import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answered } from '../../src/connectors/connector.ts';
import { offerId } from '../../src/domain/identity.ts';
import type { Profile } from '../../src/domain/profile.ts';
import { exactly } from '../../src/domain/quantity.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import {
  createRefresher,
  type Refresher,
  type RefreshOutcome,
  type RefreshTerms,
} from '../../src/inventory/refresh.ts';
import { CallFailed, type CallTerms } from '../../src/outbound/supplier-call.ts';
import { memoryAnswerCache, redisAnswerCache, type AnswerCache } from '../../src/redis/answer-cache.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { readOffers } from '../../src/store/offers.ts';
import { redisUnderTest, type RedisUnderTest } from '../outbound/redis-under-test.ts';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';
import {
  byHand,
  createAskedSupplier,
  createTurnedClock,
  FRESH_FOR_MS,
  gateNotingTerms,
  type AskedSupplier,
  type TurnedClock,
} from './asked-supplier.ts';

let store: TestDatabase;
let redis: RedisUnderTest;
let supplier: AskedSupplier;
let clock: TurnedClock;
let gateTerms: CallTerms[];
beforeAll(async () => {
  store = await createTestDatabase('sqlite');
  redis = await redisUnderTest('refresh');
  // Each test makes caches of its own over this one client.
  redis.client.setMaxListeners(0);
});
beforeEach(() => {
  supplier = createAskedSupplier(`s-${randomUUID().slice(0, 8)}`);
  clock = createTurnedClock();
  gateTerms = [];
});
afterAll(async () => {
  await store.remove();
  await redis.close();
});

/** The refresher of one process. */
function refresherOver(cache: AnswerCache = memoryAnswerCache(), db = store.db): Refresher {
  const recorder = createRecorder({ db, wake: memoryWake(), clock });
  const log = pino({ level: 'silent' });
  return createRefresher({
    suppliers: [supplier.connected],
    gate: gateNotingTerms(gateTerms),
    recorder,
    cache,
    clock,
    log,
  });
}

function terms(more: Partial<RefreshTerms> = {}): RefreshTerms {
  const now = clock.now();
  return { lane: 'interactive', deadline: now + 2_000, isForced: false, notBefore: now - 1_000, ...more };
}

function ask(refresher: Refresher, key: string, more: Partial<RefreshTerms> = {}): Promise<RefreshOutcome> {
  return refresher.refresh({ supplier: supplier.connected.id, supplierPartNumber: key }, terms(more));
}

function hold(key: string, quantity: number, version = 1_000): void {
  supplier.held.set(key, { version, quantity });
}

function sold(outcome: RefreshOutcome): unknown {
  if (outcome.state === 'failed') return outcome.reason;
  return outcome.answer.isListed ? outcome.answer.levels.map(({ quantity }) => quantity) : 'absent';
}

const started = (calls = 1): Promise<void> =>
  vi.waitFor(() => expect(supplier.calls).toHaveLength(calls), { interval: 1 });
const numbered = (count: number): string[] => Array.from({ length: count }, (_, n) => `K${n}`);

describe('calls', () => {
  it('are filled: 100 keys, 50 in a bulk call, are two calls', async () => {
    const keys = numbered(100);
    keys.forEach((key, n) => hold(key, n));
    const refresher = refresherOver();
    const outcomes = await Promise.all(keys.map((key) => ask(refresher, key)));
    expect(supplier.calls.map((call) => call.length)).toEqual([50, 50]);
    expect(outcomes.map(sold)).toEqual(keys.map((_, n) => [exactly(n)]));
  });

  it('are joined by all who ask about the same key, before and after it has started', async () => {
    hold('A', 1);
    const { kept, keep } = byHand();
    supplier.script = (answer) => kept.then(() => answer);
    const refresher = refresherOver();
    const early = [ask(refresher, 'A'), ask(refresher, 'A')];
    await started();
    const late = ask(refresher, 'A');
    keep();
    expect((await Promise.all([...early, late])).map(sold)).toEqual(Array(3).fill([exactly(1)]));
    expect(supplier.calls).toEqual([['A']]);
  });

  it('are joined by a forced refresh only where they have not started', async () => {
    hold('A', 1);
    const { kept, keep } = byHand();
    supplier.script = (answer, call) => (call === 1 ? kept.then(() => answer) : answer);
    const refresher = refresherOver();
    const unforced = ask(refresher, 'A');
    const joined = ask(refresher, 'A', { isForced: true, lane: 'forced' });
    await started();
    hold('A', 2, 2_000);
    const forced = await ask(refresher, 'A', { isForced: true, lane: 'forced' });
    keep();
    expect([sold(await unforced), sold(await joined), sold(forced)]).toEqual([
      [exactly(1)],
      [exactly(1)],
      [exactly(2)],
    ]);
    expect(supplier.calls).toHaveLength(2);
    expect(gateTerms.map(({ lane }) => lane)).toEqual(['interactive', 'forced']);
  });

  it('wait as long as the most patient who joined before they started', async () => {
    const refresher = refresherOver();
    const now = clock.now();
    await Promise.all([ask(refresher, 'A', { deadline: now + 1 }), ask(refresher, 'A', { deadline: now + 9_000 })]);
    expect(gateTerms).toMatchObject([{ deadline: now + 9_000 }]);
  });

  it('are not made about too many keys at once, and again once these are answered', async () => {
    const { kept, keep } = byHand();
    supplier.script = (answer) => kept.then(() => answer);
    const refresher = refresherOver();
    const first = ask(refresher, 'K0');
    await started();
    // Each finds a call that has started already, so they are flights of their own.
    const forced = [ask(refresher, 'K0', { isForced: true })];
    const many = numbered(9_999)
      .slice(1)
      .map((key) => ask(refresher, key));
    expect(await ask(refresher, 'one too many')).toEqual({
      state: 'failed',
      reason: 'BUDGET_EXHAUSTED',
      retryAt: null,
    });
    supplier.script = () => Promise.reject(new CallFailed('unreachable', 'gone'));
    keep();
    await Promise.all([first, ...forced, ...many]);
    supplier.script = (answer) => answer;
    expect(sold(await ask(refresher, 'one too many'))).toBe('absent');
  });
});

describe('an impatient caller', () => {
  it.each(['notNow', 'timedOut'] as const)('fails no patient one who joined its call (%s)', async (failure) => {
    hold('A', 1);
    const { kept, keep } = byHand();
    supplier.script = (answer, call) =>
      call > 1 ? answer : kept.then(() => Promise.reject(new CallFailed(failure, 'no permit in time')));
    const refresher = refresherOver();
    const now = clock.now();
    const impatient = ask(refresher, 'A', { deadline: now + 10 });
    await started();
    const asImpatient = ask(refresher, 'A', { deadline: now + 10 });
    const patient = [5_000, 9_000].map((waitMs) => ask(refresher, 'A', { deadline: now + waitMs }));
    keep();
    expect([await impatient, await asImpatient].map(({ state }) => state)).toEqual(['failed', 'failed']);
    expect((await Promise.all(patient)).map(sold)).toEqual([[exactly(1)], [exactly(1)]]);
    expect(supplier.calls).toHaveLength(2);
  });

  it('is followed by one further call, not by many', async () => {
    const { kept, keep } = byHand();
    supplier.script = () => kept.then(() => Promise.reject(new CallFailed('notNow', 'no permit in time')));
    const refresher = refresherOver();
    const impatient = ask(refresher, 'A', { deadline: clock.now() + 10 });
    await started();
    const patient = ask(refresher, 'A', { deadline: clock.now() + 9_000 });
    keep();
    expect([sold(await impatient), sold(await patient)]).toEqual(['BUDGET_EXHAUSTED', 'BUDGET_EXHAUSTED']);
    expect(supplier.calls).toHaveLength(2);
  });

  it('is not followed by a call where the supplier itself has failed', async () => {
    const { kept, keep } = byHand();
    supplier.script = () => kept.then(() => Promise.reject(new CallFailed('unreachable', 'gone')));
    const refresher = refresherOver();
    const impatient = ask(refresher, 'A', { deadline: clock.now() + 10 });
    await started();
    const patient = ask(refresher, 'A', { deadline: clock.now() + 9_000 });
    keep();
    expect([sold(await impatient), sold(await patient)]).toEqual(['SUPPLIER_UNREACHABLE', 'SUPPLIER_UNREACHABLE']);
    expect(supplier.calls).toHaveLength(1);
  });
});

describe.each(['memory', 'redis'] as const)('the answer cache in %s', (twin) => {
  let cache: AnswerCache;
  beforeEach(() => {
    cache = twin === 'memory' ? memoryAnswerCache() : redisAnswerCache(redis.client, `${redis.prefix}${randomUUID()}:`);
  });

  it('spares a second process the call, for a part and for "no such part"', async () => {
    hold('A', 1);
    const [one, two] = [refresherOver(cache), refresherOver(cache)];
    const asked = clock.now();
    await Promise.all([ask(one, 'A'), ask(one, 'gone')]);
    clock.turn(500);
    const outcomes = await Promise.all([ask(two, 'A'), ask(two, 'gone')]);
    expect(outcomes.map(sold)).toEqual([[exactly(1)], 'absent']);
    expect(outcomes).toMatchObject(Array(2).fill({ origin: 'CACHE', answer: { observedAt: asked } }));
    expect(supplier.calls).toHaveLength(1);
  });

  it('is passed by who wants to know younger', async () => {
    hold('A', 1);
    const refresher = refresherOver(cache);
    await ask(refresher, 'A');
    clock.turn(500);
    expect(await ask(refresher, 'A', { notBefore: clock.now() - 499 })).toMatchObject({ origin: 'LIVE' });
    expect(await ask(refresher, 'A', { notBefore: clock.now() - 499 })).toMatchObject({ origin: 'CACHE' });
    expect(supplier.calls).toHaveLength(2);
  });

  it('is passed by a forced refresh, whose answer it then has', async () => {
    hold('A', 1);
    const refresher = refresherOver(cache);
    await ask(refresher, 'A');
    hold('A', 2, 2_000);
    expect(sold(await ask(refresher, 'A', { isForced: true }))).toEqual([exactly(2)]);
    const cached = await ask(refresherOver(cache), 'A');
    expect([sold(cached), cached]).toMatchObject([[exactly(2)], { origin: 'CACHE', answer: { version: 2_000 } }]);
    expect(supplier.calls).toHaveLength(2);
  });

  it('leaves only the missing keys to the call', async () => {
    const refresher = refresherOver(cache);
    await Promise.all(['A', 'B'].map((key) => ask(refresher, key)));
    await Promise.all(['C', 'B', 'A'].map((key) => ask(refresherOver(cache), key)));
    expect(supplier.calls.slice(1)).toEqual([['C']]);
  });
});

it('an answer joined in mid-flight that is older than wanted is asked for again', async () => {
  hold('A', 1);
  const { kept, keep } = byHand();
  supplier.script = (answer, call) => (call === 1 ? kept.then(() => answer) : answer);
  const refresher = refresherOver();
  const first = ask(refresher, 'A');
  await started();
  clock.turn(100);
  hold('A', 2, 2_000);
  const younger = ask(refresher, 'A', { notBefore: clock.now() });
  keep();
  expect([sold(await first), sold(await younger)]).toEqual([[exactly(1)], [exactly(2)]]);
});

describe('a refusal', () => {
  const fail = (failure: CallFailed): void => void (supplier.script = () => Promise.reject(failure));

  it('is remembered until it may be over, and cleared by a call that is answered', async () => {
    const refresher = refresherOver();
    const refusal = (): unknown => refresher.refusal(supplier.connected.id);
    const paused = { state: 'failed', reason: 'SUPPLIER_PAUSED', retryAt: clock.now() + 5_000 };
    fail(new CallFailed('limited', '429', { retryAt: paused.retryAt }));
    expect(await ask(refresher, 'A')).toEqual(paused);
    clock.turn(4_999);
    expect(refusal()).toEqual(paused);
    clock.turn(1);
    expect(refusal()).toBeNull();
    fail(new CallFailed('unreachable', 'gone'));
    await ask(refresher, 'A');
    expect(refusal()).toMatchObject({ reason: 'SUPPLIER_UNREACHABLE' });
    supplier.script = (answer) => answer;
    await ask(refresher, 'A');
    expect(refusal()).toBeNull();
  });

  it('without a known end is over soon', async () => {
    const refresher = refresherOver();
    fail(new CallFailed('unreachable', 'gone'));
    await ask(refresher, 'A');
    clock.turn(2_000);
    expect(refresher.refusal(supplier.connected.id)).toBeNull();
  });

  it('is not what one bad record is: only its own key waits, and a forced refresh asks about it again', async () => {
    const refresher = refresherOver();
    const reject = ({ observations }: Answered): Answered => ({
      observations: observations.filter((each) => each.supplierPartNumber !== 'bad'),
      rejections: [{ supplier: supplier.connected.id, supplierPartNumber: 'bad', reason: 'no quantity', raw: '{}' }],
    });
    supplier.script = reject;
    expect(sold(await ask(refresher, 'bad'))).toBe('SUPPLIER_ANSWER_UNUSABLE');
    expect(refresher.refusal(supplier.connected.id)).toBeNull();
    const again = [await ask(refresher, 'bad'), await ask(refresher, 'good')];
    expect(again.map(sold)).toEqual(['SUPPLIER_ANSWER_UNUSABLE', 'absent']);
    expect(supplier.calls).toEqual([['bad'], ['good']]);
    await ask(refresher, 'bad', { isForced: true });
    clock.turn(10_000);
    await ask(refresher, 'bad');
    expect(supplier.calls.slice(2)).toEqual([['bad'], ['bad']]);
    supplier.script = (answer) => answer;
    await ask(refresher, 'bad', { isForced: true });
    expect(sold(await ask(refresher, 'bad', { notBefore: clock.now() }))).toBe('absent');
  });
});

type Fate = 'stock' | 'absence' | 'rejected' | 'left out';

it('every key gets its own outcome, however the answer is ordered and whatever it leaves out', async () => {
  const fates = fc.array(fc.constantFrom<Fate>('stock', 'absence', 'rejected', 'left out'), { maxLength: 30 });
  const asks = fates.chain((all) =>
    fc.record({
      fates: fc.constant(all),
      asked: all.length === 0 ? fc.constant<number[]>([]) : fc.array(fc.nat(all.length - 1), { maxLength: 40 }),
      answered: fc.shuffledSubarray([...all.keys()], { minLength: all.length }),
      bulkKeys: fc.integer({ min: 1, max: 12 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(asks, async ({ fates: all, asked, answered, bulkKeys }) => {
      supplier = createAskedSupplier('aligned', { bulkStockKeys: bulkKeys } satisfies Partial<Profile>);
      all.forEach((fate, n) => fate !== 'absence' && hold(`K${n}`, n));
      const place = new Map(answered.map((n, at) => [`K${n}`, at]));
      const fateOf = (key: string | null): Fate | undefined => all[Number(key?.slice(1))];
      supplier.script = ({ observations }) => {
        const sorted = [...observations].sort(
          (a, b) => (place.get(a.supplierPartNumber) ?? 0) - (place.get(b.supplierPartNumber) ?? 0),
        );
        const said = (key: string): boolean => ['stock', 'absence'].includes(fateOf(key) ?? '');
        const rejected = sorted.filter(({ supplierPartNumber }) => fateOf(supplierPartNumber) === 'rejected');
        return {
          observations: sorted.filter(({ supplierPartNumber }) => said(supplierPartNumber)),
          rejections: rejected.map(({ supplierPartNumber }) => ({
            supplier: 'aligned',
            supplierPartNumber,
            reason: 'bad',
            raw: '',
          })),
        };
      };
      const refresher = refresherOver();
      const outcomes = await Promise.all(asked.map((n) => ask(refresher, `K${n}`)));
      const wanted = {
        absence: 'absent',
        rejected: 'SUPPLIER_ANSWER_UNUSABLE',
        'left out': 'SUPPLIER_ANSWER_UNUSABLE',
      };
      expect(outcomes.map(sold)).toEqual(
        asked.map((n) => {
          const fate = all[n] ?? 'left out';
          return fate === 'stock' ? [exactly(n)] : wanted[fate];
        }),
      );
      expect(supplier.calls).toHaveLength(Math.ceil(new Set(asked).size / bulkKeys));
    }),
    { numRuns: 40, seed: 3, endOnFailure: true },
  );
});

describe('what was asked', () => {
  it('is recorded before it is answered', async () => {
    hold('A', 4);
    await ask(refresherOver(), 'A');
    const id = offerId(supplier.connected.id, 'A');
    const offer = (await readOffers(store.db, [id])).get(id);
    expect(offer).toMatchObject({ stockObservedAt: clock.now(), levels: [{ quantity: exactly(4) }] });
  });

  it('is answered, and cached, while the store is away', async () => {
    hold('A', 4);
    const away = await createTestDatabase('sqlite');
    await away.db.knex.schema.dropTable('stock_levels');
    const cache = memoryAnswerCache();
    expect(sold(await ask(refresherOver(cache, away.db), 'A'))).toEqual([exactly(4)]);
    expect(await ask(refresherOver(cache), 'A')).toMatchObject({ state: 'answered', origin: 'CACHE' });
    await away.remove();
  });

  it('is forgotten by the cache when it is no longer fresh by the profile', async () => {
    const lasting: number[] = [];
    const cache = memoryAnswerCache();
    const noting: AnswerCache = {
      ...cache,
      setMany: (entries) => (lasting.push(...entries.map(({ ttlMs }) => ttlMs)), cache.setMany(entries)),
    };
    await ask(refresherOver(noting), 'A');
    expect(lasting).toEqual([FRESH_FOR_MS]);
  });
});

it('a supplier that cannot be asked by key is not refreshable', async () => {
  const refresher = refresherOver();
  const key = { supplier: 'other', supplierPartNumber: 'A' };
  expect(await refresher.refresh(key, terms())).toMatchObject({ state: 'failed', reason: 'NOT_REFRESHABLE' });
  supplier = createAskedSupplier('no-bulk', { bulkStockKeys: null });
  expect(refresherOver().canRefresh('no-bulk')).toBe(false);
});

it('a fault of our own is a failure with a reason, never a rejection', async () => {
  supplier.script = () => {
    throw new TypeError('ours');
  };
  expect(sold(await ask(refresherOver(), 'A'))).toBe('SUPPLIER_ANSWER_UNUSABLE');
});
