import type { Logger } from 'pino';
import type { BudgetLog } from '../redis/budget-log.ts';
import type { SupplierConnection } from './supplier-call.ts';
import { accountWindows } from './windows.ts';

/**
 * Watches the clock of the budget's store. Where it is set forward, all windows free too early, and what freed is already gone from
 * them: no grant is used then before the past is restored.
 */
export interface StoreClock {
  /** To be told of every answer: the store's clock, and this process's monotonic clock before the question and after the answer. */
  told(at: number, askedAt: number, answeredAt: number): void;
  /** Whether a step was seen since the past of this key was put right for the last time. */
  isInDoubt(key: string): boolean;
  putRight(key: string): void;
}

/** Smaller steps are within what a restoring allows for between two stores. */
const CLOCK_STEP_MS = 1_000;

export function createStoreClock(): StoreClock {
  let steps = 0;
  let last: { readonly at: number; readonly askedAt: number } | null = null;
  // Bounded by what is configured: suppliers and accounts.
  const stepsPutRight = new Map<string, number>();
  return {
    told(at, askedAt, answeredAt) {
      // The clock was read somewhere between the two: what is left is a step for certain.
      if (last !== null && at - answeredAt - (last.at - last.askedAt) > CLOCK_STEP_MS) steps += 1;
      last = { at, askedAt };
    },
    isInDoubt: (key) => steps > (stepsPutRight.get(key) ?? 0),
    putRight: (key) => void stepsPutRight.set(key, steps),
  };
}

/**
 * After a step, takes the past of an account's windows for unknown, once for each step.
 * @returns whether it was known and is not any more
 */
export async function doubtAfterStep(
  parts: { readonly storeClock: StoreClock; readonly budgetLog: BudgetLog; readonly log: Logger },
  { supplier, account, profile }: SupplierConnection,
): Promise<boolean> {
  const key = `${supplier}\n${account}`;
  if (!parts.storeClock.isInDoubt(key)) return false;
  parts.log.warn({ supplier }, 'the clock of the budget was set forward: its past is read anew from the call ledger');
  await parts.budgetLog.doubt(accountWindows({ supplier, account }, profile));
  parts.storeClock.putRight(key);
  return true;
}
