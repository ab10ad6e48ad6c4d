import { describe, expect, it } from 'vitest';
import { DERIVED_ID_PATTERN, identityForm, offerId, partId, searchForm } from '../../src/domain/identity.ts';

describe('a part number', () => {
  it('keeps its punctuation as identity and loses it for the search', () => {
    expect(identityForm('128-100')).not.toBe(identityForm('128100'));
    expect(searchForm('128-100')).toBe(searchForm('128100'));
  });

  it('is the same in any case, with blanks at its ends, and composed or decomposed', () => {
    expect(identityForm('  ajm601\t')).toBe('AJM601');
    expect(identityForm('P  23 109')).toBe('P 23 109');
    for (const text of ['\u0390x', 'stra\u00dfe', '\u01f0', 're\u0301'])
      expect(identityForm(identityForm(text))).toBe(identityForm(text));
    expect(identityForm('re\u0301gule\u0301')).toBe(identityForm('r\u00e9gul\u00e9'));
  });

  it('stays text where it looks like a number', () => {
    expect(identityForm('14E4289')).toBe('14E4289');
    expect(identityForm('007')).not.toBe(identityForm('7'));
  });
});

describe('a derived id', () => {
  it('is the same for the same names and differs where one differs', () => {
    expect(partId('Lucas', '021-250#')).toBe(partId(' LUCAS ', '021-250#'));
    expect(partId('Lucas', '021-250#')).not.toBe(partId('Lucas', '021-250'));
    expect(partId('ab', 'c')).not.toBe(partId('a', 'bc'));
    expect(offerId('one', '1')).not.toBe(offerId('two', '1'));
    expect(partId('a', 'b')).toMatch(DERIVED_ID_PATTERN);
  });

  it('does not depend on where a separator stands within the names', () => {
    const names = ['A\u001fB', 'A', 'B\u001fC', 'C', '\u001f', 'A\u001e', '\u001e1B', 'A\u001f', '\u001fB', 'B'];
    const pairs = names.flatMap((brand) => names.map((number) => [brand, number] as const));
    expect(new Set(pairs.map(([brand, number]) => partId(brand, number))).size).toBe(pairs.length);
  });
});
