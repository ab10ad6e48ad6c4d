import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Profile } from '../domain/profile.ts';
import type { BudgetLog, RestoredEntry } from '../redis/budget-log.ts';
import type { CallLedger, LedgerCall, LedgerMoment } from '../store/calls.ts';
import { PERMIT_MAX_AGE_MS } from './permit.ts';
import { PAUSE_AT_MOST_MS } from './response.ts';
import type { SupplierConnection } from './supplier-call.ts';
import { accountWindows, callScopes, callWindows, longestWindowMs } from './windows.ts';

export interface Past {
  /** Rebuilds the past of an account's windows from the call ledger; those who ask meanwhile wait for the same rebuilding. */
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
      const key = `${connection.supplier}\n${connection.account}`;
      const known = underWay.get(key);
      if (known !== undefined) return known;
      const work = restorePast(parts, connection).finally(() => underWay.delete(key));
      underWay.set(key, work);
      // Whoever waits sees the error; nobody may be waiting.
      work.catch(() => undefined);
      return work;
    },
  };
}

/** What past calls occupy, as far as the ledger knows: an unanswered one for as long as it could still have arrived. */
export function restoredEntries(calls: readonly LedgerCall[], profile: Profile, now: LedgerMoment): RestoredEntry[] {
  return calls.flatMap((call) =>
    callWindows(call, profile, call.lane)
      .filter(({ windowMs }) => windowMs > 0 || call.answeredAt === null)
      .map(({ key, windowMs }) => {
        const usedMs = Math.max(0, (call.answeredAt ?? call.grantedAt + call.holdMs) - call.grantedAt);
        return { key, permit: call.permit, until: endOf(call, usedMs + windowMs, now) };
      }),
  );
}

/**
 * The end of what began with a call's grant, on the budget's clock: by that clock or by the wall clocks, whichever is later. The
 * budget's clock falls behind while a machine is suspended and may be set; no wall clock makes it later than if the call were new.
 */
function endOf(call: LedgerCall, forMs: number, now: LedgerMoment): number {
  const byBudget = call.grantedAt + forMs;
  const byWall = call.wallAt === null ? -Infinity : now.budget + Math.min(0, call.wallAt - now.wall) + forMs;
  return Math.ceil(Math.max(byBudget, byWall) + CLOCK_ALLOWANCE_MS);
}

async function restorePast(parts: PastParts, connection: SupplierConnection): Promise<void> {
  const { supplier } = connection;
  const { budgetLog, clock, log } = parts;
  const windows = accountWindows(connection, connection.profile);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const wall = clock.now();
    // Marked before the hold-off begins: a loss in the middle of it takes the mark away.
    const begun = await budgetLog.beginRestore(supplier, windows);
    if (begun === 'alreadyKnown') return;
    log.info({ supplier }, 'budget does not know its past: reading it from the call ledger');
    await clock.sleep(HOLD_OFF_MS);
    const past = await readPast(parts, connection, { budget: begun.at, wall });
    for (const [scope, forMs] of past.pauses) await budgetLog.pause(scope, forMs);
    if ((await budgetLog.restore(supplier, begun.marker, windows, past.entries)) === 'restored') {
      log.info({ supplier, entries: past.entries.length }, 'budget knows its past again');
      return;
    }
  }
  throw new Error(`The budget of ${supplier} was lost ${TRIES} times while it was being rebuilt.`);
}

interface PastCalls {
  readonly entries: readonly RestoredEntry[];
  /** From now on, by scope. */
  readonly pauses: ReadonlyMap<string, number>;
}

async function readPast(
  { ledger }: PastParts,
  { supplier, account, profile }: SupplierConnection,
  now: LedgerMoment,
): Promise<PastCalls> {
  const reachMs = Math.max(longestWindowMs(profile), PAUSE_AT_MOST_MS) + HOLD_AT_MOST_MS + CLOCK_ALLOWANCE_MS;
  const since = { budget: now.budget - reachMs, wall: now.wall - reachMs };
  const entries: RestoredEntry[] = [];
  const pauses = new Map<string, number>();
  let isAccountKnown = false;
  let last: LedgerCall | null = null;
  do {
    const page: LedgerCall[] = await ledger.recent(supplier, since, last);
    for (const made of page) {
      // What was called before an account's own first call may have been called with its credential under another name.
      isAccountKnown ||= made.account === account;
      const call = isAccountKnown ? made : { ...made, account };
      for (const entry of restoredEntries([call], profile, now)) if (entry.until > now.budget) entries.push(entry);
      const pauseMs = pauseLeft(call, now);
      if (pauseMs <= 0) continue;
      for (const scope of callScopes(call, profile)) pauses.set(scope, Math.max(pauseMs, pauses.get(scope) ?? 0));
    }
    last = page.at(-1) ?? null;
  } while (last !== null);
  return { entries, pauses };
}

function pauseLeft(call: LedgerCall, now: LedgerMoment): number {
  if (call.pausedUntil === null) return 0;
  const leftMs = endOf(call, call.pausedUntil - call.grantedAt, now) - CLOCK_ALLOWANCE_MS - now.budget;
  return Math.min(leftMs, PAUSE_AT_MOST_MS);
}
