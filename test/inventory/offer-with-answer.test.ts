import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { offerId } from '../../src/domain/identity.ts';
import { compareFactTime } from '../../src/domain/observation.ts';
import type { FactTime, Observation, ObservedLevel } from '../../src/domain/observation.ts';
import type { Offer } from '../../src/domain/part.ts';
import { exactly, UNKNOWN_QUANTITY } from '../../src/domain/quantity.ts';
import { offerWithAnswer } from '../../src/inventory/offer-with-answer.ts';
import { createRecorder, type Recorder } from '../../src/inventory/record.ts';
import type { CachedAnswer } from '../../src/redis/answer-cache.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { readOffers } from '../../src/store/offers.ts';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';

const clock: Clock = { now: () => 900_000, sleep: () => Promise.resolve() };
const KEY = '007';

const anyTime: fc.Arbitrary<FactTime> = fc.record({
  version: fc.integer({ min: 1, max: 3 }),
  observedAt: fc.integer({ min: 101, max: 106 }),
  sourceAsOf: fc.constantFrom(null, 50),
});
const anyLevels: fc.Arbitrary<ObservedLevel[]> = fc.uniqueArray(
  fc.record({ location: fc.constantFrom('01', '02', '03'), quantity: fc.nat(9).map(exactly) }),
  { selector: ({ location }) => location, minLength: 1, maxLength: 3 },
);
const anyStock = fc.record({ kind: fc.constant('stock' as const), time: anyTime, levels: anyLevels });

interface Said {
  readonly kind: 'stock' | 'absence';
  readonly time: FactTime;
  readonly levels: readonly ObservedLevel[];
}

function observationOf(supplier: string, { kind, time, levels }: Said): Observation {
  const said = { supplier, supplierPartNumber: KEY, time };
  if (kind === 'absence') return { ...said, kind };
  return { ...said, kind: 'stock', levels, complete: true };
}

function answerFrom({ kind, time, levels }: Said): CachedAnswer {
  return { ...time, isListed: kind !== 'absence', levels };
}

/** What a reader sees; a location of which nothing is known is as good as none. */
function seen(offer: Offer): unknown {
  if (!offer.listed) return { listed: false, levels: [] };
  const levels = offer.levels.filter(({ quantity }) => quantity.quality !== UNKNOWN_QUANTITY.quality);
  return { listed: true, levels: levels.map(({ location, quantity }) => [location, quantity]) };
}

describe('an answer that the copy has not taken up', () => {
  let store: TestDatabase;
  let recorder: Recorder;
  beforeAll(async () => {
    store = await createTestDatabase('sqlite');
    recorder = createRecorder({ db: store.db, wake: memoryWake(), clock });
  });
  afterAll(() => store.remove());

  async function record(supplier: string, said: Said): Promise<void> {
    const observations = [observationOf(supplier, said)];
    await recorder.record({ cause: 'REFRESH', confirmation: 'each', observations });
  }

  async function read(supplier: string): Promise<Offer> {
    const id = offerId(supplier, KEY);
    const offer = (await readOffers(store.db, [id])).get(id);
    if (offer === undefined) throw new Error('not recorded');
    return offer;
  }

  it('shows what the copy will show once it has', async () => {
    const before = fc.array(anyStock, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(before, anyStock, async (all, told) => {
        // Of two answers of one time the store takes the smaller value: time does not tell them apart.
        fc.pre(all.every(({ time }) => compareFactTime(time, told.time) !== 0));
        const supplier = randomUUID().slice(0, 8);
        for (const said of all) await record(supplier, said);
        const shown = offerWithAnswer(await read(supplier), answerFrom(told));
        await record(supplier, told);
        const recorded = await read(supplier);
        expect(seen(shown)).toEqual(seen(recorded));
        // Once taken up, the answer adds nothing.
        expect(seen(offerWithAnswer(recorded, answerFrom(told)))).toEqual(seen(recorded));
      }),
      { numRuns: 150, seed: 11, endOnFailure: true },
    );
  });

  const stockAt = (observedAt: number, version: number): Said => ({
    kind: 'stock',
    time: { version, observedAt, sourceAsOf: null },
    levels: [{ location: '01', quantity: exactly(version) }],
  });
  const absenceAt = (observedAt: number): Said => ({ ...stockAt(observedAt, observedAt), kind: 'absence', levels: [] });

  it.each([
    ['an absence asked for later than the copy', stockAt(101, 2), absenceAt(102)],
    ['an absence asked for earlier than the copy', stockAt(103, 2), absenceAt(102)],
    ['stock asked for later than an absence', absenceAt(101), stockAt(102, 2)],
    ['stock asked for earlier than an absence', absenceAt(103), stockAt(102, 2)],
  ])('goes by when it was asked for with "no such part": %s', async (_what, first, told) => {
    const supplier = randomUUID().slice(0, 8);
    await record(supplier, first);
    const shown = offerWithAnswer(await read(supplier), answerFrom(told));
    await record(supplier, told);
    expect(seen(shown)).toEqual(seen(await read(supplier)));
  });
});
