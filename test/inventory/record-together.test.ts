import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import type { Observation } from '../../src/domain/observation.ts';
import { exactly } from '../../src/domain/quantity.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createTestDatabase } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

const WRITERS = 10;
const RECORDINGS = 15;
const OFFERS = 40;

describe('ten writers of the same offers on mysql', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase('mysql');
  });
  afterAll(() => test.remove());

  it('never show a deadlock, in whatever order their observations come', async () => {
    const write = async (writer: number): Promise<void> => {
      const db = openDatabase({ url: test.url, poolSize: 1 });
      const recorder = createRecorder({ db, wake: memoryWake(), clock: systemClock });
      for (let round = 0; round < RECORDINGS; round += 1) {
        const keys = Array.from({ length: OFFERS }, (_, n) => (n * (2 * writer + 3) + round) % OFFERS);
        const observations = keys.flatMap((key) => observed(key, round * WRITERS + writer));
        await recorder.record({ cause: 'SYNC', confirmation: 'each', observations });
      }
      await db.close();
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
    const last = RECORDINGS * WRITERS - 1;
    const levels = (await test.db.knex('stock_levels').distinct('quantity', 'version')) as unknown[];
    expect(levels).toEqual([{ quantity: last, version: last }]);
    const prices = (await test.db.knex('offer_prices').distinct('amount_scaled')) as unknown[];
    expect(prices).toEqual([{ amount_scaled: last * 10_000 }]);
  });
});

function observed(key: number, version: number): Observation[] {
  const said = {
    supplier: 'one',
    supplierPartNumber: `${key}`,
    time: { version, observedAt: version, sourceAsOf: null },
  };
  const price = { amount: `${version}.00`, currency: 'USD' };
  return [
    { ...said, kind: 'stock', complete: true, levels: [{ location: '01', quantity: exactly(version) }] },
    {
      ...said,
      kind: 'catalog',
      brand: 'Lucas',
      partNumber: `${key % 7}`,
      title: null,
      packQuantity: 1,
      discontinued: false,
      supersededBy: null,
    },
    { ...said, kind: 'price', account: 'shop', prices: [{ kind: version % 2 === 0 ? 'cost' : 'map', price }] },
  ];
}
