import type { Lane } from '../domain/lane.ts';
import type { CallClass } from '../domain/profile.ts';
import type { LearntNotes } from '../redis/learnt-notes.ts';
import type { CountOccupied } from '../store/calls.ts';
import { createLearning, type Learning, type TeachingAnswer } from './learning.ts';
import { createNotesView } from './notes-view.ts';
import { createPast } from './past.ts';
import { PERMIT_MAX_AGE_MS, permitAgeMs, type Permit } from './permit.ts';
import { acquirePermit, lineOf, type BudgetParts, type BudgetState, type Lessons } from './permit-wait.ts';
import { createStoreClock } from './store-clock.ts';
import type { Strikes } from './strikes.ts';
import type { CallTerms, SupplierConnection } from './supplier-call.ts';
import { createTurns } from './turns.ts';
import { createWaitingLine } from './waiting-line.ts';
import { accountScopes, accountWindows, callScopes, NOTHING_LEARNT, type CallWindow } from './windows.ts';

/** How a permit ended, where it is known. A call whose answer never came is not settled at all: its permit expires. */
export type Ending =
  /** The answer was read to its end, or it is certain that none will come: the windows run from now. */
  | 'answered'
  /** The answer began and broke off: the call surely arrived, but may still be in flight. */
  | 'begun'
  /** Nothing was sent and nothing will be: the permit is given back. */
  | 'unused';

export interface BudgetUsage {
  readonly isPastKnown: boolean;
  /** Epoch ms; null where no pause is on. */
  readonly pausedUntil: number | null;
  readonly windows: readonly WindowUse[];
}

export interface WindowUse {
  readonly limitName: string;
  readonly windowMs: number;
  /** What is ours of the supplier's limit. */
  readonly limit: number;
  readonly occupied: number;
  /** When the next place is free at the latest, epoch ms; null where none is occupied. */
  readonly freesAt: number | null;
}

/** Permits for supplier calls: the only source of them. */
export interface Budget {
  /**
   * Waits for a permit, until `terms.deadline` at most.
   * @throws CallFailed `notNow` (names the window), `limited` (paused), or `budgetUnreachable`
   */
  acquire(connection: SupplierConnection, callClass: CallClass, terms: CallTerms): Promise<Permit>;
  /** Young enough to be used: to be asked right before the call is sent. */
  isFresh(permit: Permit): boolean;
  /** @returns when, on the budget's clock; null where the budget was not reached and the permit expires by itself */
  settle(permit: Permit, ending: Ending): Promise<number | null>;
  /** Stops all calls that share a scope with this one, in all processes. Rejects where the budget cannot be reached. */
  pause(connection: SupplierConnection, callClass: CallClass, forMs: number): Promise<void>;
  /** Makes all processes slower where the answer says that they should be. Rejects where the lesson could not be kept. */
  learn(connection: SupplierConnection, permit: Permit, answer: TeachingAnswer): Promise<void>;
  /** What is used now, for operators. Rejects where the budget cannot be reached. */
  usage(connection: SupplierConnection): Promise<BudgetUsage>;
  /** What was learnt beyond the profile, for operators. Never rejects: as far as is known. */
  learnt(connection: SupplierConnection): Promise<LearntLimits>;
  /** Calls of this process that wait for a permit now; lanes where none does are left out. */
  waiting(supplier: string): ReadonlyMap<Lane, number>;
}

/** What a supplier taught of its limits. */
export interface LearntLimits {
  /** Those that are lower than configured. */
  readonly windows: readonly LoweredWindow[];
  /** What remains of somebody else's use of the account. */
  readonly rests: readonly StatedRemainder[];
}

export interface LoweredWindow {
  readonly limitName: string;
  readonly windowMs: number;
  readonly configured: number;
  readonly effective: number;
  /** Of the limits of its scope, the part that is used after refusals that nothing explained; 1 for all. */
  readonly factor: number;
  /** What the supplier states for it, all programs together; null where it states nothing lower. */
  readonly stated: number | null;
}

export interface StatedRemainder {
  /** A window, as `limit name/1000ms`, or the scope where the supplier named none. */
  readonly about: string;
  /** Calls that may be made from the statement on. */
  readonly limit: number;
  /** Epoch ms. */
  readonly until: number;
}

/** Where learning is wanted. */
export interface LessonParts {
  readonly notes: LearntNotes;
  readonly strikes: Strikes;
  readonly countOccupied: CountOccupied;
}

/** Callers of one process that may wait for the same permits. */
const WAITERS_AT_MOST = 1_000;

/** @param parts without `lessons` nothing is learnt, no strike is counted and no lane has a turn out of order */
export function createBudget(parts: BudgetParts & { readonly lessons?: LessonParts }): Budget {
  const lessons = parts.lessons === undefined ? null : createLessons(parts, parts.lessons);
  const state: BudgetState = {
    ...parts,
    past: createPast(parts),
    line: createWaitingLine(WAITERS_AT_MOST),
    lastRefusals: new Map(),
    wakers: new Set(),
    storeClock: createStoreClock(),
    lessons,
  };
  return {
    acquire: (connection, callClass, terms) => acquirePermit(state, connection, callClass, terms),
    isFresh: (permit) => permitAgeMs(permit, parts) <= PERMIT_MAX_AGE_MS,
    settle: (permit, ending) => settle(state, permit, ending),
    async pause({ supplier, account, profile }, callClass, forMs) {
      for (const scope of callScopes({ supplier, account, callClass }, profile)) {
        await parts.budgetLog.pause(scope, forMs);
      }
    },
    learn: async (connection, permit, answer) => lessons?.learning.fromAnswer(connection, permit, answer),
    usage: (connection) => usage(state, connection),
    async learnt(connection) {
      await lessons?.view.refresh(connection.supplier);
      return learntLimits(state, connection);
    },
    waiting: (supplier) => waiting(state, supplier),
  };
}

function createLessons(
  parts: BudgetParts,
  { notes, strikes, countOccupied }: LessonParts,
): Lessons & { readonly learning: Learning } {
  const view = createNotesView({ ...parts, notes });
  const turns = createTurns(view, parts.monotonic);
  return { view, strikes, turns, learning: createLearning({ ...parts, countOccupied, view, strikes }) };
}

async function settle(state: BudgetState, permit: Permit, ending: Ending): Promise<number | null> {
  const { supplier } = permit;
  try {
    const at = await state.budgetLog.settle(permit.id, endedWindows(permit.windows, ending));
    for (const waker of state.wakers) if (waker.supplier === supplier) waker.wake();
    return at;
  } catch (error) {
    state.log.warn({ supplier, reason: String(error) }, 'answer not stamped: its permit will expire');
    return null;
  }
}

function endedWindows(windows: readonly CallWindow[], ending: Ending): readonly CallWindow[] {
  switch (ending) {
    case 'answered':
      return windows;
    case 'begun':
      return windows.filter(({ windowMs }) => windowMs > 0);
    case 'unused':
      return windows.map((window) => ({ ...window, windowMs: 0 }));
  }
}

async function usage({ budgetLog, clock, lessons }: BudgetState, connection: SupplierConnection): Promise<BudgetUsage> {
  await lessons?.view.refresh(connection.supplier);
  const windows = accountWindows(connection, connection.profile, lessons?.view.learnt(connection.supplier));
  const used = await budgetLog.usage(connection.supplier, windows, accountScopes(connection));
  const onOurClock = (at: number | null): number | null => (at === null ? null : clock.now() + at - used.at);
  return {
    isPastKnown: used.isPastKnown,
    pausedUntil: onOurClock(used.pausedUntil),
    windows: windows.map(({ limitName, windowMs, ours }, index) => ({
      limitName,
      windowMs,
      limit: ours,
      occupied: used.windows[index]?.occupied ?? 0,
      freesAt: onOurClock(used.windows[index]?.freesAt ?? null),
    })),
  };
}

function waiting({ line }: BudgetState, supplier: string): ReadonlyMap<Lane, number> {
  const counts = new Map<Lane, number>();
  for (const [key, length] of line.lengths()) {
    const { supplier: whose, lane } = lineOf(key);
    if (whose === supplier) counts.set(lane, (counts.get(lane) ?? 0) + length);
  }
  return counts;
}

function learntLimits({ lessons, clock }: BudgetState, connection: SupplierConnection): LearntLimits {
  const { supplier, profile } = connection;
  const learnt = lessons?.view.learnt(supplier) ?? NOTHING_LEARNT;
  const windows = accountWindows(connection, profile, learnt);
  const names = new Map(windows.map(({ key, limitName, windowMs }) => [key, `${limitName}/${windowMs}ms`]));
  const ownKeys = new Set([...names.keys(), ...accountScopes(connection)]);
  return {
    windows: windows
      .filter(({ ours, configured }) => ours < configured)
      .map(({ key, scope, limitName, windowMs, configured, ours }) => ({
        limitName,
        windowMs,
        configured,
        effective: ours,
        factor: learnt.factors.get(scope) ?? 1,
        stated: learnt.stated.get(key) ?? null,
      })),
    rests: [...learnt.rests]
      .filter(([key]) => ownKeys.has(key))
      .map(([key, rest]) => ({
        about: names.get(key) ?? key,
        limit: rest.limit,
        until: clock.now() + rest.windowMs,
      })),
  };
}
