import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeCursor, cursorOf, placeOfCursor, positionOfCursor } from '../../src/graphql/cursors.ts';
import { globalId, keyOf, kindAndKeyOf } from '../../src/graphql/ids.ts';

describe('an id', () => {
  it('comes back as the key it was made of', () => {
    expect(keyOf('part', globalId('part', 'abcdefghij_-0123'))).toBe('abcdefghij_-0123');
    expect(kindAndKeyOf('supplier_turn14')).toEqual({ kind: 'supplier', key: 'turn14' });
    expect(kindAndKeyOf('job_7c9e6679-7425-40de-944b-e07fc1f90ae7').kind).toBe('job');
  });

  it.each([
    '',
    'part',
    'part_',
    'part_short',
    'part_abcdefghij_-01234',
    'offer_abcdefghij_-0123',
    'Part_abcdefghij_-0123',
  ])('of a part is never %j', (id) => {
    expect(() => keyOf('part', id)).toThrow(
      expect.objectContaining({
        code: 'BAD_USER_INPUT',
        message: `${JSON.stringify(id)} is not a part id: take ids from earlier answers; part ids begin with part_`,
      }),
    );
  });

  it.each([
    'constructor_x',
    '__proto___x',
    'toString_x',
    'part_abcdefghij_-0123\n',
    "supplier_x' OR 1=1",
    'job_../../etc',
  ])('of any kind is never %j', (id) => {
    expect(() => kindAndKeyOf(id)).toThrow('is not an id: take ids from earlier answers');
  });

  it('that is long is repeated only in part', () => {
    expect(() => keyOf('part', 'x'.repeat(10_000))).toThrow(/^"x{40}…" is not a part id/);
  });
});

describe('a cursor', () => {
  it('comes back as the place it was made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (place) => {
        expect(placeOfCursor('parts', cursorOf('parts', place))).toBe(place);
      }),
    );
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (position) => {
        expect(positionOfCursor(changeCursor(position))).toBe(position);
      }),
    );
  });

  it('is opaque', () => {
    expect(changeCursor(12)).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it('is left out as null', () => {
    expect(placeOfCursor('parts', undefined)).toBeNull();
    expect(positionOfCursor(null)).toBeNull();
  });

  it.each(['', 'x', '12', '%', `${changeCursor(12)}=`, `${changeCursor(12)} `, 'x'.repeat(5_000)])(
    'is never %j',
    (text) => {
      expect(() => positionOfCursor(text)).toThrow('The cursor in `after` is not one of the stock changes');
      expect(() => placeOfCursor('parts', text)).toThrow('The cursor in `after` is not one of `parts`');
    },
  );

  it.each(['-1', '1.5', '01', '1e3', '9'.repeat(16), ' 1', ''])('never names the position %j', (place) => {
    expect(() => positionOfCursor(cursorOf('stockChanges', place))).toThrow('not one of the stock changes');
  });

  it('of one walk is refused by the other', () => {
    expect(() => positionOfCursor(cursorOf('parts', '12'))).toThrow('not one of the stock changes');
    expect(() => placeOfCursor('parts', changeCursor(12))).toThrow('not one of `parts`');
  });
});
