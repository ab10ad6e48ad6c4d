import type { Clock } from '../domain/clock.ts';

/** Keeps repeated calls a small part of all calls, so that a supplier in trouble is not asked more, but less. */
export interface RetryBudget {
  countFirst(): void;
  /** Takes one retry. @returns false where there is none left in this minute */
  takeRetry(): boolean;
}

export const ATTEMPTS_AT_MOST = 3;
/** The ratio of the SRE book ("Handling Overload"); the floor lets a quiet process retry at all (as Envoy's does). */
const RETRIES_PER_FIRST = 0.1;
const RETRIES_AT_LEAST = 3;
const PERIOD_MS = 60_000;

const BACKOFF_FIRST_MS = 250;
const BACKOFF_AT_MOST_MS = 5_000;

/** One for the whole process. */
export function createRetryBudget(clock: Clock): RetryBudget {
  let startedAt = clock.now();
  let firsts = 0;
  let retries = 0;
  const turnPage = (): void => {
    if (clock.now() - startedAt < PERIOD_MS) return;
    startedAt = clock.now();
    firsts = 0;
    retries = 0;
  };
  return {
    countFirst() {
      turnPage();
      firsts += 1;
    },
    takeRetry() {
      turnPage();
      if (retries >= Math.max(RETRIES_AT_LEAST, firsts * RETRIES_PER_FIRST)) return false;
      retries += 1;
      return true;
    },
  };
}

/** Exponential with full jitter. @param attempt the one that failed, from 1 */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(BACKOFF_FIRST_MS * 2 ** attempt, BACKOFF_AT_MOST_MS);
}
