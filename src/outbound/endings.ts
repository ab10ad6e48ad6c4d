import type { Logger } from 'pino';
import type { CallLedger } from '../store/calls.ts';
import type { Budget, Ending } from './budget.ts';
import type { Permit } from './permit.ts';

/** Stamps and books how calls ended, behind their callers' backs: an answer need not wait for that. */
export interface Endings {
  finish(permit: Permit, ending: Ending, status: number | null): void;
  /** Resolves when all endings so far are booked. */
  drain(): Promise<void>;
}

export function createEndings(parts: {
  readonly budget: Budget;
  readonly ledger: CallLedger;
  readonly log: Logger;
}): Endings {
  const underWay = new Set<Promise<void>>();
  const book = async (permit: Permit, ending: Ending, status: number | null): Promise<void> => {
    try {
      const at = await parts.budget.settle(permit, ending);
      // An answer that was not stamped stays open in the ledger too: a restored past is rather too full than too empty.
      if (at !== null) await parts.ledger.complete(permit.id, at, status);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      parts.log.warn({ supplier: permit.supplier, code }, 'answer not booked in the call ledger');
    }
  };
  return {
    finish(permit, ending, status) {
      const work = book(permit, ending, status).finally(() => underWay.delete(work));
      underWay.add(work);
    },
    async drain() {
      await Promise.all(underWay);
    },
  };
}
