import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { laneRank, type Lane } from '../domain/lane.ts';
import type { CallClass } from '../domain/profile.ts';
import type { BudgetLog, Refusal, Take, Taken } from '../redis/budget-log.ts';
import type { CallLedger } from '../store/calls.ts';
import { HOLD_OFF_MS, type Past } from './past.ts';
import { PERMIT_MAX_AGE_MS, type Permit } from './permit.ts';
import { CallFailed, type CallTerms, type SupplierConnection } from './supplier-call.ts';
import { askAgainMs, isDoneInTime, remainingMs } from './waiting.ts';
import type { WaitingLine } from './waiting-line.ts';
import type { NotesView } from './notes-view.ts';
import { doubtAfterStep, type StoreClock } from './store-clock.ts';
import type { Strikes } from './strikes.ts';
import { MOST_URGENT, type Turn, type TurnAsk, type Turns } from './turns.ts';
import { callScopes, callWindows, durationInWords, holdMs, NOTHING_LEARNT, windowInWords } from './windows.ts';
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
  readonly storeClock: StoreClock;
  /** Null where nothing is learnt. */
  readonly lessons: Lessons | null;
}

/** What all processes know beyond profiles and counts. */
export interface Lessons {
  readonly view: NotesView;
  readonly strikes: Strikes;
  readonly turns: Turns;
}

/** How long a place in line outlives its waiter's last word. */
const LINE_MS = 1_500;
/** For what frees at a moment nobody knows: a call in flight that will be answered. */
const POLL_MS = 20;

/** What `Budget.acquire` promises. */
export async function acquirePermit(
  state: BudgetState,
  connection: SupplierConnection,
  callClass: CallClass,
  terms: CallTerms,
): Promise<Permit> {
  await refuseNearPenalty(state, connection, callClass, terms);
  const want = wanted(state, connection, callClass, terms);
  refuseIfKnown(state, want);
  const place = state.line.join(want.lineKey);
  if (place === null) throw new CallFailed('notNow', `Too many calls to ${connection.supplier} wait already.`);
  try {
    if (!(await isDoneInTime(state.clock, place.turn, terms))) throw refused(state, want, lastRefusal(state, want));
    return await askUntilGranted(state, want);
  } finally {
    place.leave();
  }
}

interface Want {
  readonly connection: SupplierConnection;
  readonly terms: CallTerms;
  readonly origin: CallOrigin;
  readonly scopes: readonly string[];
  readonly lineKey: string;
  readonly joinedAt: number;
}

/** As what a want stands in line: its own lane, or the most urgent one when it is its lane's turn. */
interface Contender {
  readonly id: string;
  readonly lane: Lane;
  readonly waitedMs: () => number;
  /** Null where it stands for its own lane. */
  readonly turn: Turn | null;
}

async function refuseNearPenalty(
  { lessons }: BudgetState,
  connection: SupplierConnection,
  callClass: CallClass,
  { lane }: CallTerms,
): Promise<void> {
  if (lessons === null) return;
  await lessons.strikes.refresh(connection.supplier);
  const refusal = lessons.strikes.refusal(connection, callClass, lane);
  if (refusal !== null) throw new CallFailed('limited', refusal.message, { retryAt: refusal.retryAt });
}

function wanted(state: BudgetState, connection: SupplierConnection, callClass: CallClass, terms: CallTerms): Want {
  const { supplier, account, profile } = connection;
  const origin = { supplier, account, callClass };
  const windows = callWindows(origin, profile, terms.lane);
  if (windows.length === 0) {
    throw new CallFailed(
      'notNow',
      `No limit of ${supplier}'s profile counts calls of class ${callClass}, so none is made: add the class to a limit's "counts".`,
    );
  }
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
    scopes: callScopes(origin, profile),
    lineKey: lineKey(origin, terms.lane),
    joinedAt: state.monotonic(),
  };
}

/** By what is known now: a limit can be lowered while a call waits. */
function windowsNow({ lessons }: BudgetState, { origin, connection }: Want, lane: Lane): CallWindow[] {
  const learnt = lessons?.view.learnt(origin.supplier) ?? NOTHING_LEARNT;
  return callWindows(origin, connection.profile, lane, learnt);
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
  const isItsTurn = state.lessons?.turns.isDue(turnAsk(state, want)) === true;
  const known = isItsTurn ? null : lastRefusal(state, want);
  if (known !== null && known.notBefore - known.at > Math.max(0, remainingMs(state.clock, want.terms))) {
    throw refused(state, want, known);
  }
}

/** With `at` brought up to now. */
function lastRefusal(state: BudgetState, want: Want): Refusal | null {
  const last = state.lastRefusals.get(want.lineKey);
  return last === undefined ? null : { ...last.refusal, at: last.refusal.at + state.monotonic() - last.seenAt };
}

async function askUntilGranted(state: BudgetState, want: Want): Promise<Permit> {
  let contender: Contender = ownContender(state, want);
  let isGranted = false;
  try {
    for (;;) {
      if (want.terms.signal?.aborted === true) throw refused(state, want, null);
      const isLastTry = remainingMs(state.clock, want.terms) <= 0;
      await state.lessons?.view.refresh(want.origin.supplier);
      const taken = await ask(state, want, contender, isLastTry);
      if ('id' in taken) {
        isGranted = true;
        return taken;
      }
      if (taken.outcome === 'pastUnknown') {
        await waitForPast(state, want);
        continue;
      }
      const urgent = await takeTurn(state, want, contender, taken);
      if (urgent === null) await waitFor(state, want, contender, taken, isLastTry);
      else {
        leaveLine(state, want, contender);
        contender = urgent;
      }
    }
  } finally {
    if (!isGranted) void contender.turn?.giveBack();
  }
}

/** @throws CallFailed where the place comes too late */
async function waitFor(
  state: BudgetState,
  want: Want,
  contender: Contender,
  refusal: Refusal,
  isLastTry: boolean,
): Promise<void> {
  if (isLastTry || refusal.notBefore - refusal.at > remainingMs(state.clock, want.terms)) {
    leaveLine(state, want, contender);
    throw refused(state, want, refusal);
  }
  await sleepUntilTurn(state, want, refusal);
}

function ownContender(state: BudgetState, { terms, joinedAt }: Want): Contender {
  return { id: state.newId(), lane: terms.lane, waitedMs: () => state.monotonic() - joinedAt, turn: null };
}

/** @returns null where the lane is not starved, or another has the turn */
async function takeTurn(
  state: BudgetState,
  want: Want,
  contender: Contender,
  { by }: Refusal,
): Promise<Contender | null> {
  if (contender.turn !== null || by.kind !== 'window') return null;
  const turn = await state.lessons?.turns.claim(turnAsk(state, want));
  if (turn === undefined || turn === null) return null;
  return { id: state.newId(), lane: MOST_URGENT, waitedMs: () => state.monotonic() - turn.waitingSince, turn };
}

function turnAsk(state: BudgetState, want: Want): TurnAsk {
  const { lane } = want.terms;
  return { ...want.origin, line: want.lineKey, lane, windows: windowsNow(state, want, lane) };
}

function leaveLine(state: BudgetState, { origin }: Want, { id }: Contender): void {
  void state.budgetLog.leave(origin.supplier, id).catch(() => undefined);
}

async function ask(
  state: BudgetState,
  want: Want,
  contender: Contender,
  isLastTry: boolean,
): Promise<Permit | Exclude<Taken, { outcome: 'granted' }>> {
  const { origin, terms } = want;
  const windows = windowsNow(state, want, contender.lane);
  const cannotReach = (error: unknown): never => {
    throw unreachable(origin.supplier, error);
  };
  await doubtAfterStep(state, want.connection).catch(cannotReach);
  // Before the question is sent: the grant is no older than this.
  const takenAt = state.monotonic();
  const wallAt = state.clock.now();
  const take: Take = {
    group: origin.supplier,
    permit: state.newId(),
    windows,
    scopes: want.scopes,
    holdMs: holdMs(want.connection.profile, PERMIT_MAX_AGE_MS),
    asker: { id: contender.id, rank: laneRank(contender.lane), waitedMs: contender.waitedMs() },
    lineMs: isLastTry ? 0 : LINE_MS,
  };
  // A lost answer is never asked again: the permit may be taken, and then it expires by itself.
  const taken = await state.budgetLog.take(take).catch(cannotReach);
  state.storeClock.told(taken.at, takenAt, state.monotonic());
  if (await doubtAfterStep(state, want.connection).catch(cannotReach)) {
    const unused = windows.map((window) => ({ ...window, windowMs: 0 }));
    if (taken.outcome === 'granted') void state.budgetLog.settle(take.permit, unused).catch(() => undefined);
    return { outcome: 'pastUnknown', at: taken.at };
  }
  if (taken.outcome === 'refused') state.lastRefusals.set(want.lineKey, { refusal: taken, seenAt: takenAt });
  else state.lastRefusals.delete(want.lineKey);
  if (taken.outcome !== 'granted') return taken;
  state.lessons?.turns.granted(want.lineKey);
  const { holdMs: heldMs } = take;
  return {
    ...origin,
    id: take.permit,
    lane: terms.lane,
    windows,
    grantedAt: taken.at,
    holdMs: heldMs,
    takenAt,
    wallAt,
  };
}

async function waitForPast(state: BudgetState, { connection, terms }: Want): Promise<void> {
  const { supplier } = connection;
  const restored = state.past.restore(connection).catch((error: unknown) => {
    throw unreachable(supplier, error);
  });
  if (await isDoneInTime(state.clock, restored, terms)) return;
  throw new CallFailed(
    'budgetUnreachable',
    `The call budget of ${supplier} was lost and is being rebuilt from the call ledger; until then no call is made.`,
    { retryAt: state.clock.now() + HOLD_OFF_MS },
  );
}

async function sleepUntilTurn(state: BudgetState, want: Want, refusal: Refusal): Promise<void> {
  const { origin, terms } = want;
  const windows = windowsNow(state, want, terms.lane);
  const over = new AbortController();
  const wake = (): void => over.abort();
  // A bound on calls in flight opens the moment a call ends: nobody knows when, and it may be one of this process.
  const isInFlightBound = windows.some(({ key, windowMs }) => key === refusal.by.key && windowMs === 0);
  const waker = { supplier: origin.supplier, wake };
  if (isInFlightBound) state.wakers.add(waker);
  terms.signal?.addEventListener('abort', wake, { once: true });
  const ms = isInFlightBound ? POLL_MS : askAgainMs(refusal, state.random());
  await state.clock.sleep(Math.max(1, Math.min(ms, remainingMs(state.clock, terms))), over.signal);
  terms.signal?.removeEventListener('abort', wake);
  state.wakers.delete(waker);
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
  const window = windowsNow(state, want, want.terms.lane).find(({ key }) => key === refusal.by.key);
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
