import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromScaled, parseAmount, toScaled } from '../../src/domain/money.ts';

describe('parseAmount', () => {
  it.each([
    [12.5, '12.50'],
    ['143.25', '143.25'],
    ['00143.25', '143.25'],
    ['$1,099.99', '1099.99'],
    ['379.6715616438356', '379.6716'],
    [1234.1233999999999, '1234.1234'],
    [0, '0.00'],
  ])('reads %j', (raw, expected) => {
    expect(parseAmount(raw)).toBe(expected);
  });

  it.each(['', 'FR', '0,534', '-1', 'NaN', null, undefined, {}, '1.2.3', 1e15])('refuses %j', (raw) => {
    expect(parseAmount(raw)).toBeNull();
  });

  it('loses nothing on the way into the store and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 900_000_000_000_000 }), (scaled) => {
        expect(toScaled(fromScaled(scaled))).toBe(scaled);
        expect(parseAmount(fromScaled(scaled))).toBe(fromScaled(scaled));
      }),
    );
  });
});
