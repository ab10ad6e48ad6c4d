import type { Clock } from '../domain/clock.ts';
import type { Refusal } from '../redis/budget-log.ts';
import type { CallTerms } from './supplier-call.ts';

/** A waiter in line asks again at least this often. */
const ASK_EVERY_MS = 1_000;
/** Whoever has longer to wait leaves the line and is back this long before its turn. */
const BACK_EARLY_MS = 500;
const SLEEP_AT_MOST_MS = 30_000;
/** A longer timer would fire at once. */
const TIMER_AT_MOST_MS = 2 ** 31 - 1;
/** All processes resume after a pause, but not at one instant. */
const PAUSE_JITTER = 0.1;

/** How long to wait after a refusal before asking again. @param random in [0, 1) */
export function askAgainMs(refusal: Refusal, random: number): number {
  const expected = refusal.retryAt - refusal.at;
  if (refusal.by.kind === 'pause') return Math.min(expected * (1 + PAUSE_JITTER * random), SLEEP_AT_MOST_MS);
  // Those ahead may leave the line, so nobody sleeps past the moment from which a grant is possible.
  const wait = Math.min(expected, Math.max(refusal.notBefore - refusal.at, ASK_EVERY_MS));
  return wait <= ASK_EVERY_MS ? wait : Math.min(wait - BACK_EARLY_MS, SLEEP_AT_MOST_MS);
}

/** @returns false where the caller's deadline or its abort came first */
export async function isDoneInTime(clock: Clock, work: Promise<void>, terms: CallTerms): Promise<boolean> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  terms.signal?.addEventListener('abort', stop, { once: true });
  if (terms.signal?.aborted === true) stop();
  const waitMs = Math.min(Math.max(0, remainingMs(clock, terms)), TIMER_AT_MOST_MS);
  try {
    // The work first: a deadline that is over still allows one try at the head of the line.
    return await Promise.race([work.then(() => true), clock.sleep(waitMs, over.signal).then(() => false)]);
  } finally {
    terms.signal?.removeEventListener('abort', stop);
    stop();
  }
}

/** Until the caller's deadline; 0 where it has left. */
export function remainingMs(clock: Clock, terms: CallTerms): number {
  return terms.signal?.aborted === true ? 0 : terms.deadline - clock.now();
}
