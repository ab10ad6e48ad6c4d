/**
 * How old an answer may be (DESIGN: a contract in the query). Times in epoch milliseconds, durations in the unit they end in.
 * RFC 5861 names the idea behind `staleWhileRevalidate`; here the caller chooses.
 */
export type FreshnessStatus = 'FRESH' | 'STALE' | 'EXPIRED' | 'NEVER_SEEN';

/** Why an answer is not FRESH. */
export type StaleReason =
  | 'REVALIDATING'
  | 'CACHE_ONLY'
  | 'BUDGET_EXHAUSTED'
  | 'BUDGET_UNREACHABLE'
  | 'SUPPLIER_PAUSED'
  | 'SUPPLIER_UNREACHABLE'
  | 'SUPPLIER_REFUSED'
  | 'SUPPLIER_ANSWER_UNUSABLE'
  | 'TIMED_OUT'
  | 'NOT_REFRESHABLE';

/** Where the value came from. */
export type DataOrigin = 'COPY' | 'CACHE' | 'LIVE';

export type OnStale = 'SERVE_AND_REVALIDATE' | 'WAIT_THEN_SERVE' | 'CACHE_ONLY' | 'LIVE_REQUIRED';

/** What a caller accepts. */
export interface FreshnessPolicy {
  readonly maxAgeMs: number;
  /** Past this the value is EXPIRED: still shown, no longer to be promised from. Never below `maxAgeMs`. */
  readonly expireAfterMs: number;
  readonly onStale: OnStale;
  /** Upper bound on waiting for the supplier. */
  readonly waitUpToMs: number;
}

export interface Freshness {
  readonly status: FreshnessStatus;
  /** Null exactly where the status is FRESH. */
  readonly reason: StaleReason | null;
  readonly origin: DataOrigin;
  /** When we asked the supplier last; null where never. */
  readonly observedAt: number | null;
  /** When the supplier says the value was true. */
  readonly sourceAsOf: number | null;
  /** Non-negative; null where never seen. */
  readonly ageMs: number | null;
  /** When a refusal will be over, where that is known. */
  readonly retryAt: number | null;
}

export function ageMs(observedAt: number | null, now: number): number | null {
  return observedAt === null ? null : Math.max(0, now - observedAt);
}

export function freshnessStatus(age: number | null, policy: FreshnessPolicy): FreshnessStatus {
  if (age === null) return 'NEVER_SEEN';
  if (age <= policy.maxAgeMs) return 'FRESH';
  return age <= policy.expireAfterMs ? 'STALE' : 'EXPIRED';
}
