import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meaningOf, pauseAfter } from '../../src/outbound/response.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HOUR_MS = 3_600_000;

describe('meaning of an answer', () => {
  it.each([
    [200, 'ok'],
    [204, 'ok'],
    [302, 'broken'],
    [304, 'broken'],
    [400, 'broken'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 'broken'],
    [408, 'retry'],
    [429, 'limited'],
    [500, 'retry'],
    [501, 'broken'],
    [502, 'retry'],
    [503, 'retry'],
  ] as const)('%i is %s', (status, meaning) => {
    expect(meaningOf(status, [], {})).toBe(meaning);
  });

  it('takes a status for an answer where the request says so', () => {
    expect(meaningOf(404, [404], {})).toBe('ok');
  });

  it('takes 503 with Retry-After for a wish for fewer calls', () => {
    expect(meaningOf(503, [], { 'retry-after': '5' })).toBe('limited');
  });
});

describe('pause after an answer', () => {
  it.each<[string, number, Record<string, string>, number | null]>([
    ['429 without a word: a minute', 429, {}, 60_000],
    ['seconds', 429, { 'retry-after': '7' }, 7_000],
    ['at once: a second', 429, { 'retry-after': '0' }, 1_000],
    ['no longer than an hour', 429, { 'retry-after': '999999' }, HOUR_MS],
    ['negative: ignored', 429, { 'retry-after': '-5' }, 60_000],
    ['not a number: ignored', 429, { 'retry-after': 'soon' }, 60_000],
    ['a date', 429, { 'retry-after': 'Sun, 01 Mar 2026 12:00:30 GMT' }, 30_000],
    [
      "a date on the supplier's clock",
      429,
      { date: 'Sun, 01 Mar 2026 11:00:00 GMT', 'retry-after': 'Sun, 01 Mar 2026 11:00:30 GMT' },
      30_000,
    ],
    ['a date gone by: a second', 429, { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, 1_000],
    ['Retry-After before RateLimit', 429, { 'retry-after': '3', ratelimit: '"default";r=0;t=90' }, 3_000],
    ['RateLimit, draft 10', 429, { ratelimit: '"default";r=0;t=90' }, 90_000],
    ['RateLimit of two policies: the longest', 200, { ratelimit: '"a";r=0;t=5, "b,c";r=0;t=9' }, 9_000],
    ['RateLimit of a policy with calls left', 200, { ratelimit: '"a";r=3;t=5' }, null],
    ['RateLimit, draft 7', 200, { ratelimit: 'limit=10, remaining=0, reset=12' }, 12_000],
    ['RateLimit-Reset', 200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '4' }, 4_000],
    ['X-RateLimit-Reset in seconds', 200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4' }, 4_000],
    [
      'X-RateLimit-Reset as epoch seconds',
      200,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1_000 + 8) },
      8_000,
    ],
    [
      'X-Rate-Limit-Reset as epoch milliseconds',
      429,
      { 'x-rate-limit-remaining': '2', 'x-rate-limit-reset': String(NOW + 8_500) },
      8_500,
    ],
    ['calls remain', 200, { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '4' }, null],
    ['none remain, nobody says until when', 200, { 'x-ratelimit-remaining': '0' }, null],
    ['Retry-After with 200 means something else', 200, { 'retry-after': '9' }, null],
    ['503 with Retry-After', 503, { 'retry-after': '9' }, 9_000],
    ['503 without', 503, {}, null],
    ['malformed', 200, { ratelimit: ';;;r==0,t=', 'x-ratelimit-remaining': '0x0', 'x-ratelimit-reset': '-1' }, null],
  ])('%s', (_name, status, headers, expected) => {
    expect(pauseAfter(status, headers, NOW)).toBe(expected);
  });

  it('answers any header with nothing or with a pause within an hour', () => {
    const names = ['retry-after', 'ratelimit', 'ratelimit-reset', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'date'];
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789rt=;," -.eE+') }),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(200, 429, 503),
        fc.dictionary(fc.constantFrom(...names), value),
        (status, headers) => {
          const pause = pauseAfter(status, headers, NOW);
          if (pause === null) return status !== 429;
          return pause > 0 && pause <= HOUR_MS;
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
