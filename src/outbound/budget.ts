import type { Lane } from '../domain/lane.ts';
import type { CallClass } from '../domain/profile.ts';
import { createPast } from './past.ts';
import { PERMIT_MAX_AGE_MS, type Permit } from './permit.ts';
import { acquirePermit, lineOf, type BudgetParts, type BudgetState } from './permit-wait.ts';
import type { CallTerms, SupplierConnection } from './supplier-call.ts';
import { createWaitingLine } from './waiting-line.ts';
import { accountScopes, accountWindows, callScopes, type CallWindow } from './windows.ts';

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
  /** What is used now, for operators. Rejects where the budget cannot be reached. */
  usage(connection: SupplierConnection): Promise<BudgetUsage>;
  /** Calls of this process that wait for a permit now; lanes where none does are left out. */
  waiting(supplier: string): ReadonlyMap<Lane, number>;
}

/** Callers of one process that may wait for the same permits. */
const WAITERS_AT_MOST = 1_000;

export function createBudget(parts: BudgetParts): Budget {
  const state: BudgetState = {
    ...parts,
    past: createPast(parts),
    line: createWaitingLine(WAITERS_AT_MOST),
    lastRefusals: new Map(),
    wakers: new Set(),
  };
  return {
    acquire: (connection, callClass, terms) => acquirePermit(state, connection, callClass, terms),
    isFresh: (permit) => parts.monotonic() - permit.takenAt <= PERMIT_MAX_AGE_MS,
    settle: (permit, ending) => settle(state, permit, ending),
    async pause({ supplier, account, profile }, callClass, forMs) {
      for (const scope of callScopes({ supplier, account, callClass }, profile)) {
        await parts.budgetLog.pause(scope, forMs);
      }
    },
    usage: (connection) => usage(state, connection),
    waiting: (supplier) => waiting(state, supplier),
  };
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

async function usage({ budgetLog, clock }: BudgetState, connection: SupplierConnection): Promise<BudgetUsage> {
  const windows = accountWindows(connection, connection.profile);
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
