import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { offerId, partId } from '../../src/domain/identity.ts';
import type {
  AbsenceObservation,
  CatalogObservation,
  Observation,
  StockObservation,
} from '../../src/domain/observation.ts';
import { atLeast, exactly, UNKNOWN_QUANTITY } from '../../src/domain/quantity.ts';
import type { Quantity } from '../../src/domain/quantity.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import type { Recorded, Recorder, Recording } from '../../src/inventory/record.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { changePositions, readChanges } from '../../src/store/changes.ts';
import { readDeadLetters } from '../../src/store/dead-letters.ts';
import { readOffers } from '../../src/store/offers.ts';
import { readParts } from '../../src/store/parts.ts';
import { readPrices } from '../../src/store/prices.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';
import { anyObservation } from './observations.ts';

const clock: Clock = { now: () => 900_000, sleep: () => Promise.resolve() };
const KEY = '13504G';

describe.each(DIALECTS)('record on %s', (dialect) => {
  let test: TestDatabase;
  let recorder: Recorder;
  let wakes = 0;
  let supplier = '';
  let trial = 0;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
    const wake = memoryWake();
    recorder = createRecorder({ db: test.db, wake: { ...wake, notify: () => void (wakes += 1) }, clock });
  });
  beforeEach(() => {
    trial += 1;
    supplier = `supplier-${trial}`;
    wakes = 0;
  });
  afterAll(() => test.remove());

  const record = (observations: readonly Observation[], more: Partial<Recording> = {}): Promise<Recorded> =>
    recorder.record({ cause: 'SYNC', confirmation: 'each', observations, ...more });
  const stock = (at: number, levels: Record<string, Quantity>, complete = true, key = KEY): StockObservation => ({
    kind: 'stock',
    supplier,
    supplierPartNumber: key,
    time: timeAt(at),
    levels: Object.entries(levels).map(([location, quantity]) => ({ location, quantity })),
    complete,
  });
  const absence = (at: number): AbsenceObservation => ({
    kind: 'absence',
    supplier,
    supplierPartNumber: KEY,
    time: timeAt(at),
  });
  const catalog = (at: number, words: Partial<CatalogObservation> = {}): CatalogObservation => ({
    kind: 'catalog',
    supplier,
    supplierPartNumber: KEY,
    time: timeAt(at),
    brand: 'Lucas',
    partNumber: '128-100',
    title: 'REAR PINION BRG',
    packQuantity: 1,
    discontinued: false,
    supersededBy: null,
    ...words,
  });
  const offer = async () => (await readOffers(test.db, [offerId(supplier, KEY)])).get(offerId(supplier, KEY));
  const levels = async (): Promise<Record<string, Quantity>> =>
    Object.fromEntries((await offer())?.levels.map(({ location, quantity }) => [location, quantity]) ?? []);
  const rows = async (): Promise<unknown[]> =>
    Promise.all(
      ['offers', 'stock_levels', 'changes', 'change_position'].map(
        async (table) => (await test.db.knex(table)) as unknown,
      ),
    );

  it('writes the difference and says it in the change feed', async () => {
    const first = await record([stock(1, { '01': exactly(5), '02': atLeast(25) })]);
    const second = await record([stock(2, { '01': exactly(4), '02': atLeast(25) })], { cause: 'WEBHOOK' });
    expect(first.changes.map(({ location, before, after }) => [location, before, after])).toEqual([
      ['01', null, exactly(5)],
      ['02', null, atLeast(25)],
    ]);
    expect(second.changes).toEqual([
      {
        position: (first.changes[1]?.position ?? 0) + 1,
        supplier,
        supplierPartNumber: KEY,
        offerId: offerId(supplier, KEY),
        partId: null,
        location: '01',
        before: exactly(5),
        after: exactly(4),
        cause: 'WEBHOOK',
        version: 2,
        recordedAt: 900_000,
      },
    ]);
    expect(await readChanges(test.db, (first.changes[0]?.position ?? 0) - 1, 10)).toEqual([
      ...first.changes,
      ...second.changes,
    ]);
    expect(wakes).toBe(2);
  });

  it('makes a level unknown that a complete answer does not name, and leaves it where the answer is partial', async () => {
    await record([stock(1, { '01': exactly(5), '02': exactly(7) })]);
    await record([stock(2, { '01': exactly(6) }, false)]);
    expect(await levels()).toEqual({ '01': exactly(6), '02': exactly(7) });
    const { changes } = await record([stock(3, { '01': exactly(6) })]);
    expect(await levels()).toEqual({ '01': exactly(6), '02': UNKNOWN_QUANTITY });
    expect(changes.map(({ location, after }) => [location, after])).toEqual([['02', UNKNOWN_QUANTITY]]);
  });

  it('writes nothing of what a feed repeats', async () => {
    await record([catalog(1), stock(1, { '01': exactly(5) })]);
    const before = await rows();
    const again = { ...timeAt(1), observedAt: 5_000 };
    const { written, unchanged, changes } = await record(
      [
        { ...catalog(1), time: again },
        { ...stock(1, { '01': exactly(5) }), time: again },
      ],
      { confirmation: 'feed' },
    );
    expect({ written, unchanged, changes }).toEqual({ written: 0, unchanged: 1, changes: [] });
    expect(await rows()).toEqual(before);
    expect(wakes).toBe(1);
  });

  it('notes with the offer that an unchanged answer was asked for, and leaves its levels alone', async () => {
    await record([stock(1, { '01': exactly(5), '02': exactly(0) })]);
    const { written, changes } = await record([stock(2, { '01': exactly(5), '02': exactly(0) })]);
    expect({ written, changes }).toEqual({ written: 1, changes: [] });
    expect((await offer())?.stockObservedAt).toBe(1_002);
    expect((await offer())?.levels.map(({ version, observedAt }) => [version, observedAt])).toEqual([
      [2, 1_002],
      [2, 1_002],
    ]);
    const stored = (await test.db.knex('stock_levels').where({ offer_id: offerId(supplier, KEY) })) as {
      version: number;
    }[];
    expect(stored.map(({ version }) => version)).toEqual([1, 1]);
  });

  it('counts what is older and ignores it', async () => {
    await record([stock(3, { '01': exactly(5) })]);
    const { written, older } = await record([stock(2, { '01': exactly(9) })]);
    expect({ written, older }).toEqual({ written: 0, older: 1 });
    expect(await levels()).toEqual({ '01': exactly(5) });
  });

  it('takes the smaller of two quantities that are said to be true at one time', async () => {
    await record([stock(1, { '01': exactly(5) })]);
    await record([stock(1, { '01': exactly(3) })]);
    await record([stock(1, { '01': exactly(4) })]);
    expect(await levels()).toEqual({ '01': exactly(3) });
  });

  it('hides an offer that the supplier no longer has, and lists it again when it speaks of it', async () => {
    await record([catalog(1), stock(1, { '01': exactly(5) })]);
    const gone = await record([absence(2)]);
    expect(await offer()).toMatchObject({ listed: false, stockObservedAt: 1_002 });
    expect(await levels()).toEqual({ '01': UNKNOWN_QUANTITY });
    expect(gone.changes.map(({ before, after }) => [before, after])).toEqual([[exactly(5), UNKNOWN_QUANTITY]]);
    await record([catalog(3)]);
    expect(await offer()).toMatchObject({ listed: true });
    expect(await levels()).toEqual({ '01': UNKNOWN_QUANTITY });
    const back = await record([stock(4, { '01': exactly(5) })]);
    expect(back.changes.map(({ before, after }) => [before, after])).toEqual([[UNKNOWN_QUANTITY, exactly(5)]]);
  });

  it('believes a part that is there again under the version it always had', async () => {
    await record([stock(1, { '01': exactly(5) })]);
    await record([absence(2)]);
    await record([{ ...stock(1, { '01': exactly(5) }), time: { version: 1, observedAt: 2_000, sourceAsOf: null } }], {
      confirmation: 'feed',
    });
    expect(await offer()).toMatchObject({ listed: true });
    expect(await levels()).toEqual({ '01': exactly(5) });
  });

  it('knows stock before the catalog says which part it is', async () => {
    await record([stock(1, { '01': exactly(5) })]);
    expect(await offer()).toMatchObject({ partId: null, title: null });
    await record([catalog(1)]);
    const id = partId('Lucas', '128-100');
    expect((await offer())?.partId).toBe(id);
    const { changes } = await record([stock(2, { '01': exactly(4) })]);
    expect(changes[0]?.partId).toBe(id);
    expect((await readParts(test.db, [id])).get(id)?.offers.map((one) => one.id)).toContain(offerId(supplier, KEY));
  });

  it("replaces an account's prices as a whole", async () => {
    const price = (at: number, prices: Record<string, string>): Observation => ({
      kind: 'price',
      supplier,
      supplierPartNumber: KEY,
      time: timeAt(at),
      account: 'shop',
      prices: Object.entries(prices).map(([kind, amount]) => ({
        kind: kind as 'cost',
        price: { amount, currency: 'USD' },
      })),
    });
    await record([price(1, { cost: '143.25', core: '20.00' })]);
    await record([price(2, { cost: '99999999999.9999', map: '0.10' })]);
    await record([price(1, { jobber: '1.00' })]);
    const prices = await readPrices(test.db, [offerId(supplier, KEY)], 'shop');
    expect(prices.map(({ kind, price: { amount } }) => [kind, amount])).toEqual([
      ['cost', '99999999999.9999'],
      ['map', '0.10'],
    ]);
  });

  it('rolls everything back where what goes alongside fails, the positions too', async () => {
    await record([stock(1, { '01': exactly(5) })]);
    const before = await rows();
    const failing = record([catalog(2), stock(2, { '01': exactly(1) })], {
      alongside: async (t) => {
        await t.knex('offers').where({ supplier }).update({ title: 'written alongside' });
        throw new Error('the lease is lost');
      },
    });
    await expect(failing).rejects.toThrow('the lease is lost');
    expect(await rows()).toEqual(before);
    expect(wakes).toBe(1);
  });

  it('keeps what does not fit as a dead letter and records the rest', async () => {
    const { written } = await record(
      [
        stock(1, { ['x'.repeat(65)]: exactly(1) }),
        stock(1, { '01': exactly(2) }, true, 'good'),
        catalog(1, { brand: ' ' }),
      ],
      { rejections: [{ supplier, supplierPartNumber: null, reason: 'The answer is no list.', raw: '<html>' }] },
    );
    expect(written).toBe(1);
    const letters = (await readDeadLetters(test.db, 100)).filter((letter) => letter.supplier === supplier);
    expect(letters.map(({ reason }) => reason).sort()).toEqual([
      'The answer is no list.',
      'The brand is empty.',
      `The location has 65 characters; at most 64 are kept.`,
    ]);
  });

  it.each([
    ['a brand whose capitals are too many', (good: CatalogObservation) => ({ ...good, brand: '\u0390'.repeat(128) })],
    [
      'a part number whose capitals are too many',
      (good: CatalogObservation) => ({ ...good, partNumber: '\u00df'.repeat(128) }),
    ],
    ['a separator in a brand', (good: CatalogObservation) => ({ ...good, brand: 'A\u001fB' })],
    ['a control character in a part number', (good: CatalogObservation) => ({ ...good, partNumber: 'B\u0000C' })],
    ['half a character in a part number', (good: CatalogObservation) => ({ ...good, partNumber: 'B\ud83d' })],
    ['half a character in a key', (good: CatalogObservation) => ({ ...good, supplierPartNumber: '\ud800x' })],
  ])('refuses %s and takes its neighbour', async (_, spoilt) => {
    const neighbour = { ...catalog(1), supplierPartNumber: 'neighbour' };
    const { written } = await record([neighbour, spoilt(catalog(1))]);
    expect(written).toBe(1);
    expect((await readDeadLetters(test.db, 100)).filter((letter) => letter.supplier === supplier)).toHaveLength(1);
  });

  it('refuses half a character in a location, where two would be one to a database', async () => {
    const { written } = await record([stock(1, { '\ud83d': exactly(3), '\ud83e': exactly(4) })]);
    expect(written).toBe(0);
  });

  it('splits what is too large for one transaction and runs what goes alongside once, in the last', async () => {
    let runs = 0;
    const many = Array.from({ length: 2_300 }, (_, n) => stock(1, { '01': exactly(n) }, true, `many-${n}`));
    const { written, changes } = await record(many, { alongside: () => Promise.resolve(void (runs += 1)) });
    expect({ written, changes: changes.length, runs }).toEqual({ written: 2_300, changes: 2_300, runs: 1 });
    const first = changes[0]?.position ?? 0;
    expect(changes.map(({ position }) => position)).toEqual(changes.map((_, n) => first + n));
  });

  it('asks its guard in each of the transactions, and writes nothing where it throws', async () => {
    const many = Array.from({ length: 1_500 }, (_, n) => stock(1, { '01': exactly(n) }, true, `guarded-${n}`));
    let asked = 0;
    await record(many.slice(0, 1_200), { guard: () => Promise.resolve(void (asked += 1)) });
    expect(asked).toBe(2);
    const before = await rows();
    const refusing = record(many, { guard: () => Promise.reject(new Error('the lease is lost')) });
    await expect(refusing).rejects.toThrow('the lease is lost');
    expect(await rows()).toEqual(before);
  });

  it('tells who follows a part of the levels that were known before the offer was', async () => {
    await record([stock(1, { '01': exactly(5), '02': UNKNOWN_QUANTITY })]);
    const first = await record([catalog(2)]);
    const part = partId('Lucas', '128-100');
    expect(first.changes).toMatchObject([
      { partId: part, location: '01', before: null, after: exactly(5), version: 1 },
      { partId: part, location: '02', before: null, after: UNKNOWN_QUANTITY },
    ]);
    expect((await record([catalog(3, { title: 'BEARING' })])).changes).toEqual([]);
    const other = await record([catalog(4, { partNumber: '128100' }), stock(4, { '01': exactly(6) })]);
    expect(other.changes).toMatchObject([
      { partId: partId('Lucas', '128100'), location: '01', before: null, after: exactly(6) },
      { partId: partId('Lucas', '128100'), location: '02', before: null, after: UNKNOWN_QUANTITY },
    ]);
  });

  it('runs what goes alongside also where nothing was observed', async () => {
    let runs = 0;
    const recorded = await record([], { alongside: () => Promise.resolve(void (runs += 1)) });
    expect(recorded).toEqual({ written: 0, unchanged: 0, older: 0, ahead: 0, changes: [] });
    expect(runs).toBe(1);
  });

  it('says in the change feed exactly what the levels became', async () => {
    const { newest: start } = await changePositions(test.db);
    const said = fc.sample(anyObservation(supplier), 150);
    for (const [n, observation] of said.entries())
      await record([observation, ...said.slice(n, n + (n % 4))], { confirmation: n % 3 === 0 ? 'feed' : 'each' });
    const replayed = new Map<string, Quantity>();
    const parts = new Map<string, string | null>();
    for (const change of await readChanges(test.db, start, 10_000)) {
      const place = `${change.offerId} ${change.location}`;
      const isOfSamePart = parts.get(place) === change.partId;
      expect(change.before).toEqual(isOfSamePart ? (replayed.get(place) ?? null) : null);
      replayed.set(place, change.after);
      parts.set(place, change.partId);
    }
    const ids = [...new Set(said.map((one) => offerId(supplier, one.supplierPartNumber)))];
    const stored = [...(await readOffers(test.db, ids)).values()].flatMap(({ id, levels: ofOffer }) =>
      ofOffer.map(({ location, quantity }) => [`${id} ${location}`, quantity] as const),
    );
    expect(new Map(stored)).toEqual(replayed);
  });
});

function timeAt(at: number): { version: number; observedAt: number; sourceAsOf: null } {
  return { version: at, observedAt: 1_000 + at, sourceAsOf: null };
}
