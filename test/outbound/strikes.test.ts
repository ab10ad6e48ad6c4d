import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LANES, type Lane } from '../../src/domain/lane.ts';
import { createStrikes, STRIKES_KEPT_MS, type Strikes } from '../../src/outbound/strikes.ts';
import { pruneStrikes, strikeBook, type Strike, type StrikeBook } from '../../src/store/strikes.ts';
import { createTestDatabase, DIALECTS, type TestDatabase } from '../sync/test-database.ts';
import { connectionTo, limitOf, profileWith, silentLog } from './connections.ts';
import { gateUnderTest, soon } from './gate-under-test.ts';
import { answerJson, startSupplierDouble } from './supplier-double.ts';
import { virtualTime, type VirtualTime } from './virtual-time.ts';

const START = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const strike: Strike = {
  supplier: 'double',
  account: 'main',
  limitName: 'reads',
  windowMs: HOUR_MS,
  at: START,
  isExplained: true,
};

describe.each(DIALECTS)('the book of strikes on %s', (dialect) => {
  let made: TestDatabase;
  let book: StrikeBook;
  beforeEach(async () => {
    made = await createTestDatabase(dialect);
    book = strikeBook(made.db);
  });
  afterEach(() => made.remove());

  it('keeps what it was told, the oldest first', async () => {
    const later = { ...strike, windowMs: DAY_MS, at: START + 5, isExplained: false };
    expect(await book.add(later)).toBe(true);
    expect(await book.add(strike)).toBe(true);
    expect(await book.add({ ...strike, supplier: 'other' })).toBe(true);
    expect(await book.since('double', START)).toEqual([strike, later]);
    expect(await book.since('double', START + 1)).toEqual([later]);
  });

  it('counts one strike in a window, however many calls were refused in it', async () => {
    const at = (ms: number): Promise<boolean> => book.add({ ...strike, at: START + ms });
    expect([await at(0), await at(1), await at(HOUR_MS - 1), await at(HOUR_MS)]).toEqual([true, false, false, true]);
    const second = { ...strike, windowMs: 1_000 };
    expect([await book.add(second), await book.add({ ...second, at: START + 1_500 })]).toEqual([true, false]);
    expect(await book.add({ ...strike, account: 'second' })).toBe(true);
  });

  it('counts once where several processes are refused at the same instant', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => book.add({ ...strike, at: START + index })));
    expect(await book.since('double', 0)).toHaveLength(1);
  });

  it('forgets', async () => {
    await book.add(strike);
    await pruneStrikes(made.db, START + 1);
    expect(await book.since('double', 0)).toEqual([]);
  });
});

describe('near a penalty', () => {
  const connection = connectionTo('http://nowhere/', {
    profile: profileWith({
      limits: [
        { ...limitOf('reads', [{ limit: 10, windowMs: HOUR_MS }]), counts: ['read'] },
        { ...limitOf('quotes', [{ limit: 10, windowMs: 1_000 }]), counts: ['quote'] },
        { ...limitOf('token', [{ limit: 10, windowMs: MINUTE_MS }]), counts: ['token'], scope: 'address' },
      ],
      penalties: [
        { limit: 'reads', windowMs: HOUR_MS, strikes: 4, withinMs: 30 * DAY_MS },
        { limit: 'token', windowMs: MINUTE_MS, strikes: 2, withinMs: DAY_MS },
      ],
    }),
  });
  let time: VirtualTime;
  let stored: Strike[];
  let reads: number;
  let told: Strike[];
  let strikes: Strikes;
  beforeEach(() => {
    time = virtualTime(START);
    stored = [];
    reads = 0;
    told = [];
    const book: StrikeBook = {
      add: async (one) => stored.push(one) > 0,
      since: async (_supplier, since) => {
        reads += 1;
        return stored.filter(({ at }) => at >= since);
      },
    };
    strikes = createStrikes({ book, clock: time.clock, log: silentLog, onStrike: (one) => told.push(one) });
  });
  const add = (changed: Partial<Strike>) => strikes.add({ ...strike, at: time.clock.now(), ...changed });
  const letThrough = (callClass = 'read'): Lane[] =>
    LANES.filter((lane) => strikes.refusal(connection, callClass, lane) === null);
  const afterDays = (days: number) => time.runUntil(START + days * DAY_MS);

  it('only checkout calls, until enough strikes are forgotten', async () => {
    for (const day of [0, 1]) {
      await afterDays(day);
      await add({});
      expect(letThrough()).toEqual([...LANES]);
    }
    await afterDays(2);
    await add({});
    expect(strikes.left(connection)[0]).toEqual({
      limitName: 'reads',
      windowMs: HOUR_MS,
      strikes: 4,
      left: 1,
      oldestUntil: START + 30 * DAY_MS,
      onlyCheckoutUntil: START + 30 * DAY_MS,
    });
    expect(letThrough()).toEqual(['checkout']);
    expect(letThrough('quote')).toEqual([...LANES]);
    const refusal = strikes.refusal(connection, 'read', 'interactive');
    expect(refusal?.retryAt).toBe(START + 30 * DAY_MS);
    expect(refusal?.message).toBe(
      'double is called for checkouts alone until 2023-12-14T22:13:20Z: its account has 3 of the 4 strikes that bring a penalty (limit "reads" per 60 min).',
    );
    await add({});
    expect(strikes.left(connection)[0]).toMatchObject({ left: 0, onlyCheckoutUntil: START + 31 * DAY_MS });
    await afterDays(30);
    await strikes.refresh('double');
    expect(letThrough()).toEqual(['checkout']);
    await afterDays(31);
    expect(letThrough()).toEqual([...LANES]);
  });

  it('strikes of others are not ours, but those of the address are', async () => {
    for (let index = 0; index < 3; index += 1) await add({ account: 'second' });
    expect(letThrough()).toEqual([...LANES]);
    await add({ limitName: 'token', windowMs: MINUTE_MS, account: 'address' });
    expect(letThrough('token')).toEqual(['checkout']);
    expect(letThrough()).toEqual([...LANES]);
  });

  it('background work rests from the third refusal that nothing explains, until a day has passed without one', async () => {
    for (const day of [0, 10, 20]) {
      expect(letThrough('quote')).toEqual([...LANES]);
      await afterDays(day);
      await add({ isExplained: false, limitName: 'quotes', windowMs: 1_000 });
    }
    expect(letThrough('quote')).toEqual(['checkout', 'interactive', 'forced']);
    expect(strikes.refusal(connection, 'quote', 'backfill')).toMatchObject({ retryAt: START + 21 * DAY_MS });
    await afterDays(21);
    expect(letThrough('quote')).toEqual([...LANES]);
    // The first is more than 30 days gone: three again, and not four.
    await afterDays(35);
    await add({ isExplained: false, limitName: 'quotes', windowMs: 1_000 });
    expect(letThrough('quote')).toEqual(['checkout', 'interactive', 'forced']);
    await afterDays(60);
    await add({ isExplained: false, limitName: 'quotes', windowMs: 1_000 });
    expect(letThrough('quote')).toEqual([...LANES]);
  });

  it('the book is read every ten seconds at most, and after a strike of our own', async () => {
    for (let second = 0; second < 30; second += 1) {
      await Promise.all([strikes.refresh('double'), strikes.refresh('double')]);
      await time.runUntil(START + second * 1_000);
    }
    expect(reads).toBe(3);
    await add({});
    expect(reads).toBe(4);
    expect(told).toHaveLength(1);
    expect(STRIKES_KEPT_MS).toBeGreaterThan(30 * DAY_MS);
  });
});

it('near a penalty a call of any other lane than checkout is refused before it is sent, in words', async () => {
  const double = await startSupplierDouble(answerJson({}, 429, { 'retry-after': '1' }));
  const made = await gateUnderTest();
  const profile = profileWith({
    limits: [limitOf('reads', [{ limit: 10, windowMs: HOUR_MS }])],
    penalties: [{ limit: 'reads', windowMs: HOUR_MS, strikes: 2, withinMs: 30 * DAY_MS }],
  });
  const connection = connectionTo(double.url, { profile });
  const request = { callClass: 'read', method: 'GET', path: 'items', expects: 'json' } as const;
  await expect(made.gate.callFor(connection, soon())(request)).rejects.toMatchObject({ failure: 'limited' });
  double.respond = answerJson({ ok: true });
  await expect(made.gate.callFor(connection, soon())(request)).rejects.toMatchObject({
    failure: 'limited',
    message: expect.stringContaining('1 of the 2 strikes') as string,
  });
  expect(double.seen).toHaveLength(1);
  const answer = await made.gate.callFor(connection, { ...soon(), lane: 'checkout' })(request);
  expect(answer.body).toEqual({ ok: true });
  await made.close();
  await double.close();
});
