import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/domain/duration.ts';

describe('a length of time', () => {
  it.each([
    ['PT0S', 0],
    ['PT30S', 30_000],
    ['PT0.5S', 500],
    ['PT0.05S', 50],
    ['PT0.005S', 5],
    ['PT15M', 900_000],
    ['PT1H30M', 5_400_000],
    ['P1D', 86_400_000],
    ['P1DT1S', 86_401_000],
    ['P2W', 1_209_600_000],
    ['PT90M', 5_400_000],
  ])('reads %s as %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(
    'P PT P1DT 1D PT5 30 -PT5S PT-5S P1Y P1M P1Y2D pt5s PT5s PT1.5M PT1.S PT.5S PT0,5S PT1.2345S PT5S5S PT5S1M P1DT1D'
      .split(' ')
      .concat(['', ' PT5S', 'PT5S ', 'PT5S\n', 'PT 5S', 'P999999999W', 'PT9999999999S', 'PT1e3S', 'PT٣S']),
  )('refuses %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it.each([
    [0, 'PT0S'],
    [5, 'PT0.005S'],
    [12_345, 'PT12.345S'],
    [60_000, 'PT1M'],
    [86_400_000, 'P1D'],
    [93_600_000, 'P1DT2H'],
  ])('writes %i ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('reads back every length it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});
