import type { FreshnessPolicy, OnStale } from '../domain/freshness.ts';
import type { Profile } from '../domain/profile.ts';

/** What a caller says about age; null leaves it to the supplier's profile. */
export interface FreshnessWish {
  readonly maxAgeMs: number | null;
  readonly onStale: OnStale;
  readonly waitUpToMs: number | null;
}

export const NO_WISH: FreshnessWish = { maxAgeMs: null, onStale: 'SERVE_AND_REVALIDATE', waitUpToMs: null };

const WAIT_UNLESS_SAID_MS = 2_000;
/** A part removed by its supplier is shown for at most about this many times as long as an answer is fresh. */
const CONFIRMED_FOR_TIMES_FRESH = 10;

/** The wish, completed by the profile's defaults. A value is never EXPIRED before it is STALE. */
export function policyFor(wish: FreshnessWish, profile: Profile | undefined): FreshnessPolicy {
  const maxAgeMs = wish.maxAgeMs ?? (profile?.freshForSeconds ?? 0) * 1_000;
  return {
    maxAgeMs,
    expireAfterMs: Math.max(maxAgeMs, (profile?.expireAfterSeconds ?? 0) * 1_000),
    onStale: wish.onStale,
    waitUpToMs: wish.waitUpToMs ?? WAIT_UNLESS_SAID_MS,
  };
}

/** How long runs that do not name an offer confirm it, counted from its last own answer (see `confirmedObservedAt`). */
export function confirmedForMs(profile: Profile | undefined): number {
  return CONFIRMED_FOR_TIMES_FRESH * (profile?.freshForSeconds ?? 0) * 1_000;
}
