import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import { identityForm, partId } from '../../src/domain/identity.ts';
import type { CatalogObservation } from '../../src/domain/observation.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { readParts, readPartPage } from '../../src/store/parts.ts';
import type { PartPageAsk } from '../../src/store/parts.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

describe.each(DIALECTS)('parts on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
    const recorder = createRecorder({ db: test.db, wake: memoryWake(), clock: systemClock });
    const observations = [
      listed('b-supplier', '1', 'Lucas', '128-100', { title: 'second', discontinued: true }),
      listed('a-supplier', '9', 'LUCAS', '128-100', { title: 'first', supersededBy: 'USE 152770', packQuantity: 2 }),
      listed('a-supplier', 'a', 'Lucas', '128100'),
      listed('a-supplier', 'double', 'Lucas', '128100', { title: 'listed twice' }),
      listed('a-supplier', 'é', 'Béma', 'x_1%'),
      listed('a-supplier', 'z', 'Zenith', '007', { discontinued: true }),
      // Takes its part away from what it listed first: that part has no offer left.
      listed('a-supplier', 'moved', 'Lucas', '000'),
      { ...listed('a-supplier', 'moved', 'Zenith', '14E4289'), time: timeAt(2) },
    ];
    for (const observation of observations)
      await recorder.record({ cause: 'SYNC', confirmation: 'each', observations: [observation] });
  });
  afterAll(() => test.remove());

  const numbers = async (ask: Partial<PartPageAsk>): Promise<string[]> => {
    const { parts } = await readPartPage(test.db, { after: null, first: 50, ...ask });
    return parts.map((part) => `${part.brand} ${part.partNumber}`);
  };

  it('words a part as the first of its offers does, and calls it discontinued only where all do', async () => {
    const id = partId('lucas', ' 128-100 ');
    const part = (await readParts(test.db, [id, 'unknown-part-id-'])).get(id);
    expect(part).toMatchObject({
      brand: 'LUCAS',
      title: 'first',
      packQuantity: 2,
      discontinued: false,
      supersededBy: 'USE 152770',
    });
    expect(part?.offers.map((offer) => offer.supplier)).toEqual(['a-supplier', 'b-supplier']);
    const zenith = partId('Zenith', '007');
    expect((await readParts(test.db, [zenith])).get(zenith)?.discontinued).toBe(true);
  });

  it('keeps numbers apart that differ in punctuation, and two listings of one supplier under one part', async () => {
    const id = partId('Lucas', '128100');
    const offers = (await readParts(test.db, [id])).get(id)?.offers.map((offer) => offer.supplierPartNumber);
    expect(offers).toEqual(['a', 'double']);
  });

  it('walks all parts in one order, page by page, each once', async () => {
    const all = ['Béma x_1%', 'LUCAS 128-100', 'Lucas 128100', 'Zenith 007', 'Zenith 14E4289'];
    expect((await numbers({})).sort()).toEqual([...all].sort());
    const walked: string[] = [];
    let after: PartPageAsk['after'] = null;
    for (let hasMore = true; hasMore;) {
      const page = await readPartPage(test.db, { after, first: 2 });
      walked.push(...page.parts.map((part) => `${part.brand} ${part.partNumber}`));
      const last = page.parts.at(-1);
      if (last !== undefined)
        after = { brandForm: identityForm(last.brand), numberForm: identityForm(last.partNumber), partId: last.id };
      hasMore = page.hasMore;
    }
    expect(walked).toEqual(await numbers({}));
  });

  it('finds by brand and by the beginning of a number in any spelling', async () => {
    expect(await numbers({ brandForm: 'ZENITH' })).toEqual(['Zenith 007', 'Zenith 14E4289']);
    expect(await numbers({ brandForm: 'LUCAS', searchStartsWith: '1281' })).toEqual(['LUCAS 128-100', 'Lucas 128100']);
    expect(await numbers({ searchStartsWith: 'X1' })).toEqual(['Béma x_1%']);
    expect(await numbers({ searchStartsWith: '000' })).toEqual([]);
  });
});

function timeAt(at: number): CatalogObservation['time'] {
  return { version: at, observedAt: at, sourceAsOf: null };
}

function listed(
  supplier: string,
  supplierPartNumber: string,
  brand: string,
  partNumber: string,
  words: Partial<CatalogObservation> = {},
): CatalogObservation {
  return {
    kind: 'catalog',
    supplier,
    supplierPartNumber,
    time: timeAt(1),
    brand,
    partNumber,
    title: null,
    packQuantity: 1,
    discontinued: false,
    supersededBy: null,
    ...words,
  };
}
