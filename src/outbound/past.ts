import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Profile } from '../domain/profile.ts';
import type { BudgetLog, RestoredEntry } from '../redis/budget-log.ts';
import type { CallLedger, LedgerCall } from '../store/calls.ts';
import { PERMIT_MAX_AGE_MS } from './permit.ts';
import type { SupplierConnection } from './supplier-call.ts';
import { callWindows, longestWindowMs } from './windows.ts';

export interface Past {
  /** Rebuilds a supplier's past from the call ledger; those who ask meanwhile wait for the same rebuilding. */
  restore(connection: SupplierConnection): Promise<void>;
}

export interface PastParts {
  readonly budgetLog: BudgetLog;
  readonly ledger: CallLedger;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A permit granted before the loss may still be used until it is too old, and its ledger row is written before that. Read
 * later than this, the ledger holds every call that was or will be made with a lost permit.
 */
export const HOLD_OFF_MS = PERMIT_MAX_AGE_MS + 100;
/** A store that replaces a lost one may run on another host: its clock may be this much ahead. */
const CLOCK_ALLOWANCE_MS = 1_000;
/** Longest hold of any row that is still of interest, whatever the profile was when it was written. */
const HOLD_AT_MOST_MS = 10 * 60_000;
const TRIES = 3;

export function createPast(parts: PastParts): Past {
  const underWay = new Map<string, Promise<void>>();
  return {
    restore(connection) {
      const { supplier } = connection;
      const known = underWay.get(supplier);
      if (known !== undefined) return known;
      const work = restorePast(parts, connection).finally(() => underWay.delete(supplier));
      underWay.set(supplier, work);
      // Whoever waits sees the error; nobody may be waiting.
      work.catch(() => undefined);
      return work;
    },
  };
}

/** What past calls occupy, as far as the ledger knows: an unanswered one for as long as it could still have arrived. */
export function restoredEntries(calls: readonly LedgerCall[], profile: Profile): RestoredEntry[] {
  return calls.flatMap((call) =>
    callWindows(call, profile, call.lane)
      .filter(({ windowMs }) => windowMs > 0 || call.answeredAt === null)
      .map(({ key, windowMs }) => ({
        key,
        windowMs,
        permit: call.permit,
        until: (call.answeredAt ?? call.grantedAt + call.holdMs) + windowMs + CLOCK_ALLOWANCE_MS,
      })),
  );
}

async function restorePast(parts: PastParts, connection: SupplierConnection): Promise<void> {
  const { supplier } = connection;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    // Marked before the hold-off begins: a loss in the middle of it takes the mark away.
    const begun = await parts.budgetLog.beginRestore(supplier);
    if (begun === 'alreadyKnown') return;
    parts.log.info({ supplier }, 'budget has no past: reading it from the call ledger');
    await parts.clock.sleep(HOLD_OFF_MS);
    const entries = await readEntries(parts, connection, begun.at);
    if ((await parts.budgetLog.restore(supplier, begun.marker, entries)) === 'restored') {
      parts.log.info({ supplier, entries: entries.length }, 'budget has its past again');
      return;
    }
  }
  throw new Error(`The budget of ${supplier} was lost ${TRIES} times while it was being rebuilt.`);
}

async function readEntries(
  { ledger }: PastParts,
  { supplier, profile }: SupplierConnection,
  now: number,
): Promise<RestoredEntry[]> {
  const since = now - longestWindowMs(profile) - HOLD_AT_MOST_MS - CLOCK_ALLOWANCE_MS;
  const entries: RestoredEntry[] = [];
  let last: LedgerCall | null = null;
  do {
    const page: LedgerCall[] = await ledger.recent(supplier, since, last);
    for (const entry of restoredEntries(page, profile)) if (entry.until > now) entries.push(entry);
    last = page.at(-1) ?? null;
  } while (last !== null);
  return entries;
}
