import fc from 'fast-check';
import { expect, it } from 'vitest';

/** What src/outbound/README.md says of suppliers that count otherwise than by sliding windows. Times in whole ms. */

/** Of these moments those that keep to the window, each arriving as soon as it may. */
function keptTo(limit: number, windowMs: number, moments: readonly number[]): number[] {
  const kept: number[] = [];
  for (const at of moments.toSorted((a, b) => a - b)) {
    const before = kept.at(-limit);
    if (before === undefined || kept.length < limit || before <= at - windowMs) kept.push(at);
  }
  return kept;
}

/** Calls that a token bucket refuses: one token every `tokenMs`, `burst` at most. */
function refusedByBucket(burst: number, tokenMs: number, arrivals: readonly number[]): number {
  let tokens = burst * tokenMs;
  let last = arrivals[0] ?? 0;
  let refused = 0;
  for (const at of arrivals) {
    tokens = Math.min(burst * tokenMs, tokens + at - last);
    last = at;
    if (tokens >= tokenMs) tokens -= tokenMs;
    else refused += 1;
  }
  return refused;
}

const moments = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 20, maxLength: 300 });
const limit = fc.integer({ min: 1, max: 12 });

it('a window of a bucket’s burst and refill is never refused by the bucket, and a shorter one is', () => {
  let isShorterRefused = false;
  fc.assert(
    fc.property(limit, fc.integer({ min: 10, max: 500 }), moments, (burst, tokenMs, asked) => {
      const windowMs = burst * tokenMs;
      expect(refusedByBucket(burst, tokenMs, keptTo(burst, windowMs, asked))).toBe(0);
      if (refusedByBucket(burst, tokenMs, keptTo(burst, windowMs - tokenMs, asked)) > 0) isShorterRefused = true;
    }),
    { numRuns: 500 },
  );
  expect(isShorterRefused).toBe(true);
});

it('a sliding window keeps to every calendar window of its length, however that is aligned', () => {
  fc.assert(
    fc.property(
      limit,
      fc.integer({ min: 100, max: 5_000 }),
      fc.nat({ max: 5_000 }),
      moments,
      (most, windowMs, offset, asked) => {
        const counts = new Map<number, number>();
        for (const at of keptTo(most, windowMs, asked)) {
          const day = Math.floor((at + offset) / windowMs);
          counts.set(day, (counts.get(day) ?? 0) + 1);
        }
        expect(Math.max(0, ...counts.values())).toBeLessThanOrEqual(most);
      },
    ),
    { numRuns: 500 },
  );
});
