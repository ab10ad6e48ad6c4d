import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toCatalog, toPrices, toStock } from '../../../src/connectors/sandbox/translate.ts';
import { MAX_RAW_LENGTH } from '../../../src/domain/observation.ts';

const FROM = { supplier: 'acme', account: 'main', observedAt: 1_000 };
const UPDATED_AT = '2026-03-01T12:00:00.123Z';
const VERSION = Date.parse(UPDATED_AT);
const TIME = { version: VERSION, observedAt: 1_000, sourceAsOf: VERSION };

function line(change: object = {}): object {
  return { id: '000124G', updated_at: UPDATED_AT, brand: 'HALDEN', part_number: '128-100', title: 'BUSH', ...change };
}

function stock(levels: unknown): object {
  return { id: '000124G', updated_at: UPDATED_AT, levels };
}

function prices(change: object): object {
  return { id: '000124G', updated_at: UPDATED_AT, currency: 'GBP', ...change };
}

describe('catalog lines', () => {
  it.each(['14E4289', '0E30540305', '007', '128-100', '128100', '021-250#', 'P 23 109', 'CSA4008/9', 'h50060-mobis'])(
    'keep the part number %s as it is',
    (part_number) => {
      expect(toCatalog(line({ part_number }), FROM)).toMatchObject({ kind: 'catalog', partNumber: part_number });
    },
  );

  it('say all that the supplier says, with its own time', () => {
    const said = line({ pack_quantity: '2', discontinued: true, superseded_by: 'NLA  USE 021-753' });
    expect(toCatalog(said, FROM)).toEqual({
      kind: 'catalog',
      supplier: 'acme',
      supplierPartNumber: '000124G',
      time: TIME,
      brand: 'HALDEN',
      partNumber: '128-100',
      title: 'BUSH',
      packQuantity: 2,
      discontinued: true,
      supersededBy: 'NLA  USE 021-753',
    });
  });

  it('lose the blanks at their ends, and blank titles', () => {
    const dirty = line({ brand: 'Halden  ', part_number: '543004E100\t', title: ' ', superseded_by: '' });
    expect(toCatalog(dirty, FROM)).toMatchObject({
      brand: 'Halden',
      partNumber: '543004E100',
      title: null,
      supersededBy: null,
      packQuantity: 1,
      discontinued: false,
    });
  });

  it.each([
    ['no brand', { brand: null }, 'brand must be string, found null'],
    ['a blank brand', { brand: '  ' }, 'brand must match'],
    ['no number', { part_number: undefined }, 'part_number'],
    ['a number that is no text', { part_number: 14e3 }, 'part_number must be string'],
    ['an id that is no text', { id: 124 }, 'id must be string'],
    ['no time', { updated_at: '0000-00-00T00:00:00Z' }, 'a moment that exists'],
    ['a time without a zone', { updated_at: '2026-03-01T12:00:00' }, 'updated_at must match'],
    ['a pack of none', { pack_quantity: 0 }, 'pack_quantity must be a whole number of at least 1'],
    ['a pack in words', { pack_quantity: 'dozen' }, 'pack_quantity'],
  ])('are refused with %s', (_, change, reason) => {
    const said = toCatalog(line(change), FROM);
    expect(said).toMatchObject({ supplier: 'acme', reason: expect.stringContaining(reason) as string });
    expect(said).toHaveProperty('raw', JSON.stringify(line(change)));
  });
});

describe('stock', () => {
  it.each([
    [5, { quality: 'exact', value: 5 }],
    ['5', { quality: 'exact', value: 5 }],
    ['25+', { quality: 'atLeast', value: 25 }],
    ['', { quality: 'unknown' }],
    [null, { quality: 'unknown' }],
    [-3, { quality: 'exact', value: -3 }],
    ['0', { quality: 'exact', value: 0 }],
  ])('reads %j', (quantity, expected) => {
    expect(toStock(stock([{ location: 'BHM', quantity }]), FROM)).toEqual({
      kind: 'stock',
      supplier: 'acme',
      supplierPartNumber: '000124G',
      time: TIME,
      levels: [{ location: 'BHM', quantity: expected }],
      complete: true,
    });
  });

  it('takes a level without a quantity for unknown, and orders levels by location', () => {
    const said = toStock(stock([{ location: 'OXF' }, { location: 'BHM', quantity: 1 }]), FROM);
    expect(said).toMatchObject({
      levels: [{ location: 'BHM' }, { location: 'OXF', quantity: { quality: 'unknown' } }],
    });
  });

  it.each([
    ['a quantity in words', [{ location: 'BHM', quantity: 'call us' }], 'the quantity at BHM'],
    ['half a piece', [{ location: 'BHM', quantity: 0.5 }], 'the quantity at BHM'],
    ['a location twice', [{ location: 'BHM' }, { location: 'BHM ' }], 'BHM must be named once'],
    ['no location', [{ quantity: 1 }], 'location'],
    ['no list', undefined, 'levels'],
  ])('is refused whole with %s', (_, levels, reason) => {
    expect(toStock(stock(levels), FROM)).toMatchObject({
      supplierPartNumber: '000124G',
      reason: expect.stringContaining(reason) as string,
    });
  });
});

describe('prices', () => {
  it('are exact decimals in the kinds that are said', () => {
    const said = prices({ cost: '12.5', jobber: 379.6715616438356, map: 15, retail: '$1,099.99', core: '0025.00' });
    expect(toPrices(said, FROM)).toMatchObject({
      kind: 'price',
      account: 'main',
      time: TIME,
      prices: [
        { kind: 'cost', price: { amount: '12.50', currency: 'GBP' } },
        { kind: 'jobber', price: { amount: '379.6716', currency: 'GBP' } },
        { kind: 'map', price: { amount: '15.00', currency: 'GBP' } },
        { kind: 'retail', price: { amount: '1099.99', currency: 'GBP' } },
        { kind: 'core', price: { amount: '25.00', currency: 'GBP' } },
      ],
    });
  });

  it('are none where zero, empty, null or nothing is said', () => {
    expect(toPrices(prices({ cost: '0.00', jobber: 0, map: ' ', retail: null }), FROM)).toMatchObject({ prices: [] });
  });

  it.each([
    ['words', { cost: 'POA' }, 'cost must be a decimal'],
    ['less than nothing', { retail: '-1.00' }, 'retail must be a decimal'],
    ['a decimal comma', { map: '0,534' }, 'map must be a decimal'],
    ['no currency', { currency: undefined }, 'currency'],
    ['a sign for a currency', { currency: '£' }, 'currency must match'],
  ])('are refused whole with %s, and the reason holds no amount', (_, change, reason) => {
    const said = toPrices(prices({ jobber: '77.77', ...change }), FROM);
    expect(said).toMatchObject({ reason: expect.stringContaining(reason) as string });
    expect('reason' in said ? said.reason : '').not.toContain('77.77');
  });
});

describe('anything at all', () => {
  it('becomes an observation or a rejection, never an error', () => {
    const records = fc.oneof(
      fc.anything(),
      fc.record({ id: fc.anything(), updated_at: fc.anything(), levels: fc.anything(), cost: fc.anything() }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          records,
          fc.json().map((text) => JSON.parse(text) as unknown),
        ),
        (raw) => {
          for (const translate of [toCatalog, toStock, toPrices]) {
            const said = translate(JSON.parse(JSON.stringify(raw) ?? 'null'), FROM);
            expect('kind' in said || said.raw.length <= MAX_RAW_LENGTH).toBe(true);
          }
        },
      ),
      { seed: 1, numRuns: 2_000 },
    );
  });
});
