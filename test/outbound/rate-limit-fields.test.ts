import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statedLimits } from '../../src/outbound/rate-limit-fields.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const NOTHING = { policies: [], rests: [] };

describe('what headers say of limits', () => {
  it.each<[string, Record<string, string>, object]>([
    ['no header', {}, NOTHING],
    [
      'a policy of the current draft',
      { 'ratelimit-policy': '"default";q=100;w=60' },
      { policies: [{ limit: 100, windowMs: 60_000 }], rests: [] },
    ],
    [
      'two policies and what remains of each, by name',
      {
        'ratelimit-policy': '"burst";q=5;w=1, "day, long";q=30000;w=86400;pk=:c2VjcmV0:',
        ratelimit: '"day, long";r=12;t=3600,"burst";r=4;t=1',
      },
      {
        policies: [
          { limit: 5, windowMs: 1_000 },
          { limit: 30_000, windowMs: 86_400_000 },
        ],
        rests: [
          { remaining: 12, forMs: 3_600_000, windowMs: 86_400_000 },
          { remaining: 4, forMs: 1_000, windowMs: 1_000 },
        ],
      },
    ],
    ['a name without quotes', { ratelimit: 'default;r=50;t=30' }, rest(50, 30_000)],
    ['what remains, of a policy unsaid', { ratelimit: '"default";r=50;t=30' }, rest(50, 30_000)],
    ['requests by name', { 'ratelimit-policy': '"a";q=7;w=1;qu="requests"' }, policy(7, 1_000)],
    [
      'bytes and connections are not calls',
      {
        'ratelimit-policy': '"a";q=7;w=1;qu="content-bytes", "b";q=2;qu="concurrent-requests"',
        ratelimit: '"a";r=1;t=5, "b";r=0;t=5',
      },
      NOTHING,
    ],
    ['a policy without a length', { 'ratelimit-policy': '"a";q=7' }, policy(7, null)],
    ['a policy of nothing', { 'ratelimit-policy': '"a";q=0;w=60' }, NOTHING],
    ['no time', { ratelimit: '"a";r=7' }, NOTHING],
    ['drafts 3 to 7', { ratelimit: 'limit=10, remaining=3, reset=12' }, both(10, 3, 12_000)],
    [
      'fields of their own',
      { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': '30' },
      both(60, 9, 30_000),
    ],
    [
      'reset as a moment on the clock of the supplier',
      {
        date: 'Sun, 01 Mar 2026 11:00:00 GMT',
        'x-rate-limit-limit': '60',
        'x-rate-limit-remaining': '9',
        'x-rate-limit-reset': String(NOW / 1_000 - 3_600 + 20),
      },
      both(60, 9, 20_000),
    ],
    ['remaining without reset', { 'x-ratelimit-remaining': '9' }, NOTHING],
    ['negative', { ratelimit: '"a";r=-1;t=5', 'x-ratelimit-limit': '-4' }, NOTHING],
    ['fractions', { ratelimit: '"a";r=1.5;t=5', 'ratelimit-policy': '"a";q=1e9;w=60' }, NOTHING],
    ['one member malformed: the whole field', { 'ratelimit-policy': '"a";q=5;w=1, "b' }, NOTHING],
    ['no separator', { 'ratelimit-policy': '"a";q=5;w=1 "b";q=1;w=1' }, NOTHING],
    ['text in the place of a number', { 'ratelimit-policy': '"a";q="5";w=1' }, NOTHING],
    ['a list that ends in a comma', { ratelimit: '"a";r=1;t=5,' }, NOTHING],
    ['a field far too long', { ratelimit: `"a";r=1;t=5${', "a";r=1;t=5'.repeat(1_000)}` }, NOTHING],
  ])('%s', (_name, headers, expected) => {
    expect(statedLimits(headers, NOW)).toEqual(expected);
  });

  it('crashes on no header, and states only whole numbers of its own', () => {
    const names = ['ratelimit', 'ratelimit-policy', 'ratelimit-limit', 'x-ratelimit-limit', 'x-ratelimit-remaining'];
    const piece = fc.constantFrom(
      '"a"',
      ';q=',
      ';w=',
      ';r=',
      ';t=',
      '1',
      '60',
      ',',
      ' ',
      '"',
      '\\',
      ':',
      '?1',
      '-',
      '.',
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
    );
    let told = 0;
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names, 'x-ratelimit-reset', 'date'), value), (headers) => {
        const { policies, rests } = statedLimits(headers, NOW);
        told += policies.length + rests.length;
        return (
          policies.every(({ limit, windowMs }) => Number.isSafeInteger(limit) && limit >= 1 && windowMs !== 0) &&
          rests.every(({ remaining, forMs }) => remaining >= 0 && forMs >= 0)
        );
      }),
      { numRuns: 5_000 },
    );
    expect(told).toBeGreaterThan(0);
  });

  it('takes no time over a field made to take long', () => {
    const startedAt = performance.now();
    for (const field of ['"'.repeat(4_000), '"\\"'.repeat(1_300), ';a='.repeat(1_300), 'a;'.repeat(2_000)]) {
      statedLimits({ ratelimit: field, 'ratelimit-policy': field }, NOW);
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

function policy(limit: number, windowMs: number | null): object {
  return { policies: [{ limit, windowMs }], rests: [] };
}

function rest(remaining: number, forMs: number): object {
  return { policies: [], rests: [{ remaining, forMs, windowMs: null }] };
}

function both(limit: number, remaining: number, forMs: number): object {
  return { policies: [{ limit, windowMs: null }], rests: [{ remaining, forMs, windowMs: null }] };
}
