import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuantity } from '../../src/domain/quantity.ts';

describe('parseQuantity', () => {
  it.each([
    [5, { quality: 'exact', value: 5 }],
    ['5', { quality: 'exact', value: 5 }],
    ['000000003', { quality: 'exact', value: 3 }],
    ['1,250', { quality: 'exact', value: 1250 }],
    ['4.0', { quality: 'exact', value: 4 }],
    [-3, { quality: 'exact', value: -3 }],
    ['25+', { quality: 'atLeast', value: 25 }],
    ['>10', { quality: 'atLeast', value: 10 }],
    ['', { quality: 'unknown' }],
    ['  ', { quality: 'unknown' }],
    [null, { quality: 'unknown' }],
    [undefined, { quality: 'unknown' }],
  ])('reads %j', (raw, expected) => {
    expect(parseQuantity(raw)).toEqual(expected);
  });

  it.each(['In Stock', '1,5', '0,534', '1,5+', '>', '1e3', 'NaN', '5-', '++', '2.5', true, {}, [], 1.5, Infinity, 4e9])(
    'refuses %j',
    (raw) => {
      expect(parseQuantity(raw)).toBeNull();
    },
  );

  it('never makes a zero that is not there', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const quantity = parseQuantity(text);
        if (quantity?.quality === 'exact' && quantity.value === 0) expect(text.trim()).toMatch(/^-?0[\d,]*(\.0+)?$/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives minus zero as zero', () => {
    expect(Object.is(parseQuantity('-0'), null)).toBe(false);
    expect(parseQuantity(-0)).toStrictEqual({ quality: 'exact', value: 0 });
  });
});
