import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { laneRank, type Lane } from '../domain/lane.ts';
import type { CallClass } from '../domain/profile.ts';
import type { BudgetLog, Refusal, Take, Taken } from '../redis/budget-log.ts';
import type { CallLedger } from '../store/calls.ts';
import { HOLD_OFF_MS, type Past } from './past.ts';
import { PERMIT_MAX_AGE_MS, type Permit } from './permit.ts';
import { CallFailed, type CallTerms, type SupplierConnection } from './supplier-call.ts';
import type { WaitingLine } from './waiting-line.ts';
import { callScopes, callWindows, durationInWords, holdMs, windowInWords } from './windows.ts';
import type { CallOrigin, CallWindow } from './windows.ts';

export interface BudgetParts {
  readonly budgetLog: BudgetLog;
  readonly ledger: CallLedger;
  readonly clock: Clock;
  /** Milliseconds that only ever go forward, e.g. `performance.now`. */
  readonly monotonic: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Logger;
}

/** What the waiters of one process share. */
export interface BudgetState extends BudgetParts {
  readonly past: Past;
  readonly line: WaitingLine;
  /** What the head of each line was told last. Bounded by what is configured: accounts x call classes x lanes. */
  readonly lastRefusals: Map<string, { readonly refusal: Refusal; readonly seenAt: number }>;
  /** Heads that wait for a call in flight to end. */
  readonly wakers: Set<{ readonly supplier: string; readonly wake: () => void }>;
}

/** How long a place in line outlives its waiter's last word. */
const LINE_MS = 1_500;
/** A waiter in line asks again at least this often. */
const ASK_EVERY_MS = 1_000;
/** For what frees at a moment nobody knows: a call in flight that will be answered. */
const POLL_MS = 20;
/** Whoever has longer to wait leaves the line and is back this long before its turn. */
const BACK_EARLY_MS = 500;
const SLEEP_AT_MOST_MS = 30_000;
/** A longer timer would fire at once. */
const TIMER_AT_MOST_MS = 2 ** 31 - 1;
/** All processes resume after a pause, but not at one instant. */
const PAUSE_JITTER = 0.1;

/** What `Budget.acquire` promises. */
export async function acquirePermit(
  state: BudgetState,
  connection: SupplierConnection,
  callClass: CallClass,
  terms: CallTerms,
): Promise<Permit> {
  const want = wanted(state, connection, callClass, terms);
  refuseIfKnown(state, want);
  const place = state.line.join(want.lineKey);
  if (place === null) throw new CallFailed('notNow', `Too many calls to ${connection.supplier} wait already.`);
  try {
    if (!(await isDoneInTime(state, place.turn, terms))) throw refused(state, want, lastRefusal(state, want));
    return await askUntilGranted(state, want);
  } finally {
    place.leave();
  }
}

interface Want {
  readonly connection: SupplierConnection;
  readonly terms: CallTerms;
  readonly origin: CallOrigin;
  readonly windows: readonly CallWindow[];
  readonly scopes: readonly string[];
  readonly lineKey: string;
  readonly askerId: string;
  readonly joinedAt: number;
}

function wanted(state: BudgetState, connection: SupplierConnection, callClass: CallClass, terms: CallTerms): Want {
  const { supplier, account, profile } = connection;
  const origin = { supplier, account, callClass };
  const windows = callWindows(origin, profile, terms.lane);
  const shut = windows.find(({ limit }) => limit < 1);
  if (shut !== undefined) {
    throw new CallFailed(
      'notNow',
      `The lane ${terms.lane} may not call ${supplier}: all of ${windowInWords(shut)} is kept back from it.`,
    );
  }
  return {
    connection,
    terms,
    origin,
    windows,
    scopes: callScopes(origin, profile),
    lineKey: lineKey(origin, terms.lane),
    askerId: state.newId(),
    joinedAt: state.monotonic(),
  };
}

function lineKey({ supplier, account, callClass }: CallOrigin, lane: Lane): string {
  return [supplier, account, callClass, lane].join('\n');
}

/** Whose line a key of `BudgetState.line` names. */
export function lineOf(key: string): { supplier: string; lane: Lane } {
  const [supplier = '', , , lane] = key.split('\n');
  return { supplier, lane: lane as Lane };
}

/** What the head of the line was told is true for those behind it: no waiting and no asking where it leaves no hope. */
function refuseIfKnown(state: BudgetState, want: Want): void {
  const known = lastRefusal(state, want);
  if (known !== null && known.notBefore - known.at > Math.max(0, remainingMs(state, want.terms))) {
    throw refused(state, want, known);
  }
}

/** With `at` brought up to now. */
function lastRefusal(state: BudgetState, want: Want): Refusal | null {
  const last = state.lastRefusals.get(want.lineKey);
  return last === undefined ? null : { ...last.refusal, at: last.refusal.at + state.monotonic() - last.seenAt };
}

async function askUntilGranted(state: BudgetState, want: Want): Promise<Permit> {
  for (;;) {
    if (want.terms.signal?.aborted === true) throw refused(state, want, null);
    const isLastTry = remainingMs(state, want.terms) <= 0;
    const taken = await ask(state, want, isLastTry);
    if ('id' in taken) return taken;
    if (taken.outcome === 'pastUnknown') await waitForPast(state, want);
    else if (isLastTry || taken.notBefore - taken.at > remainingMs(state, want.terms)) {
      void state.budgetLog.leave(want.origin.supplier, want.askerId).catch(() => undefined);
      throw refused(state, want, taken);
    } else await sleepUntilTurn(state, want, taken);
  }
}

async function ask(
  state: BudgetState,
  want: Want,
  isLastTry: boolean,
): Promise<Permit | Exclude<Taken, { outcome: 'granted' }>> {
  const { origin, terms, windows } = want;
  // Before the question is sent: the grant is no older than this.
  const takenAt = state.monotonic();
  const take: Take = {
    group: origin.supplier,
    permit: state.newId(),
    windows,
    scopes: want.scopes,
    holdMs: holdMs(want.connection.profile, PERMIT_MAX_AGE_MS),
    asker: { id: want.askerId, rank: laneRank(terms.lane), waitedMs: takenAt - want.joinedAt },
    lineMs: isLastTry ? 0 : LINE_MS,
  };
  // A lost answer is never asked again: the permit may be taken, and then it expires by itself.
  const taken = await state.budgetLog.take(take).catch((error: unknown) => {
    throw unreachable(origin.supplier, error);
  });
  if (taken.outcome === 'refused') state.lastRefusals.set(want.lineKey, { refusal: taken, seenAt: takenAt });
  else state.lastRefusals.delete(want.lineKey);
  if (taken.outcome !== 'granted') return taken;
  return { ...origin, id: take.permit, lane: terms.lane, windows, grantedAt: taken.at, holdMs: take.holdMs, takenAt };
}

async function waitForPast(state: BudgetState, { connection, terms }: Want): Promise<void> {
  const { supplier } = connection;
  const restored = state.past.restore(connection).catch((error: unknown) => {
    throw unreachable(supplier, error);
  });
  if (await isDoneInTime(state, restored, terms)) return;
  throw new CallFailed(
    'budgetUnreachable',
    `The call budget of ${supplier} was lost and is being rebuilt from the call ledger; until then no call is made.`,
    { retryAt: state.clock.now() + HOLD_OFF_MS },
  );
}

async function sleepUntilTurn(state: BudgetState, { origin, terms, windows }: Want, refusal: Refusal): Promise<void> {
  const over = new AbortController();
  const wake = (): void => over.abort();
  // A bound on calls in flight opens the moment a call ends: nobody knows when, and it may be one of this process.
  const isInFlightBound = windows.some(({ key, windowMs }) => key === refusal.by.key && windowMs === 0);
  const waker = { supplier: origin.supplier, wake };
  if (isInFlightBound) state.wakers.add(waker);
  terms.signal?.addEventListener('abort', wake, { once: true });
  const ms = isInFlightBound ? POLL_MS : waitMs(refusal, state.random());
  await state.clock.sleep(Math.max(1, Math.min(ms, remainingMs(state, terms))), over.signal);
  terms.signal?.removeEventListener('abort', wake);
  state.wakers.delete(waker);
}

/** How long to wait before asking again. */
function waitMs(refusal: Refusal, random: number): number {
  const expected = refusal.retryAt - refusal.at;
  if (refusal.by.kind === 'pause') return Math.min(expected * (1 + PAUSE_JITTER * random), SLEEP_AT_MOST_MS);
  // Those ahead may leave the line, so nobody sleeps past the moment from which a grant is possible.
  const wait = Math.min(expected, Math.max(refusal.notBefore - refusal.at, ASK_EVERY_MS));
  return wait <= ASK_EVERY_MS ? wait : Math.min(wait - BACK_EARLY_MS, SLEEP_AT_MOST_MS);
}

/** @returns false where the caller's deadline or its abort came first */
async function isDoneInTime(state: BudgetState, work: Promise<void>, terms: CallTerms): Promise<boolean> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  terms.signal?.addEventListener('abort', stop, { once: true });
  if (terms.signal?.aborted === true) stop();
  const waitMs = Math.min(Math.max(0, remainingMs(state, terms)), TIMER_AT_MOST_MS);
  try {
    // The work first: a deadline that is over still allows one try at the head of the line.
    return await Promise.race([work.then(() => true), state.clock.sleep(waitMs, over.signal).then(() => false)]);
  } finally {
    terms.signal?.removeEventListener('abort', stop);
    stop();
  }
}

function remainingMs(state: BudgetState, terms: CallTerms): number {
  return terms.signal?.aborted === true ? 0 : terms.deadline - state.clock.now();
}

/** @param refusal what is known of why; null where the caller never came to ask */
function refused(state: BudgetState, want: Want, refusal: Refusal | null): CallFailed {
  const { supplier } = want.origin;
  if (refusal === null) {
    return new CallFailed('notNow', `${supplier} was not called: others wait for the same budget, or the caller left.`);
  }
  const waitMs = Math.max(0, refusal.retryAt - refusal.at);
  const options = { retryAt: state.clock.now() + waitMs };
  if (refusal.by.kind === 'pause') {
    return new CallFailed('limited', `${supplier} asked for a pause of ${durationInWords(waitMs)} more.`, options);
  }
  const window = want.windows.find(({ key }) => key === refusal.by.key);
  const words = window === undefined ? refusal.by.key : windowInWords(window);
  return new CallFailed(
    'notNow',
    `${supplier} was not called: ${words}, used up for ${durationInWords(waitMs)}.`,
    options,
  );
}

function unreachable(supplier: string, error: unknown): CallFailed {
  const reason = error instanceof Error ? error.message : String(error);
  return new CallFailed(
    'budgetUnreachable',
    `The call budget of ${supplier} cannot be reached, so no call is made: ${reason}`,
  );
}
