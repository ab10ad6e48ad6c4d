import type { Limit } from '../domain/profile.ts';
import type { Standing } from './verdict.ts';

/** What the sandbox supplier declares where its user says nothing else. */
export const DEFAULT_LIMITS: readonly Limit[] = [
  {
    name: 'calls',
    scope: 'credential',
    counts: ['catalog', 'stock', 'stockByIds', 'prices'],
    windows: [
      { limit: 10, windowMs: 1_000 },
      { limit: 600, windowMs: 60_000 },
    ],
    source: 'src/sandbox/README.md',
  },
  {
    name: 'token',
    scope: 'credential',
    counts: ['token'],
    windows: [{ limit: 10, windowMs: 60_000 }],
    source: 'src/sandbox/README.md',
  },
];

export interface Refusal {
  readonly standing: Standing;
  /** Whole seconds, rounded up: after them one more call keeps to every window, if none was made meanwhile. */
  readonly retryAfterSeconds: number;
}

/**
 * Refuses a call with which any window holds more than its limit. Refused calls stay counted: who goes on knocking stays
 * outside, as with the strictest of real suppliers.
 */
export function refusalOf(standings: readonly Standing[], at: number): Refusal | null {
  const over = standings.filter((standing) => standing.count > standing.limit);
  const [worst] = over.sort((a, b) => b.roomAt - a.roomAt);
  if (worst === undefined) return null;
  return { standing: worst, retryAfterSeconds: Math.max(1, Math.ceil((worst.roomAt - at) / 1_000)) };
}
