import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../../src/domain/clock.ts';
import { createBudget, type Budget } from '../../src/outbound/budget.ts';
import { createGate, type CallEvent, type RunningGate } from '../../src/outbound/gate.ts';
import { createStrikes, type Strikes } from '../../src/outbound/strikes.ts';
import type { CallTerms } from '../../src/outbound/supplier-call.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import type { BudgetLog } from '../../src/redis/budget-log.ts';
import { memoryLearntNotes } from '../../src/redis/learnt-notes-memory.ts';
import type { LearntNotes } from '../../src/redis/learnt-notes.ts';
import { memoryTokenShelf } from '../../src/redis/token-shelf-memory.ts';
import type { TokenShelf } from '../../src/redis/token-shelf.ts';
import { callLedger, countOccupiedIn } from '../../src/store/calls.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';
import { strikeBook } from '../../src/store/strikes.ts';
import { openedLog } from './opened-log.ts';

export interface GateUnderTest {
  readonly gate: RunningGate;
  readonly budget: Budget;
  readonly strikes: Strikes;
  readonly db: Database;
  readonly events: CallEvent[];
  logged(): string;
  close(): Promise<void>;
}

export const soon = (): CallTerms => ({ lane: 'interactive', deadline: Date.now() + 5_000 });

/** A gate as the composition root joins it, on a database in a file and the twins in memory. */
export async function gateUnderTest(
  shared: {
    readonly shelf?: TokenShelf;
    readonly budgetLog?: BudgetLog;
    readonly notes?: LearntNotes;
    /** Closed by whoever opened it. */
    readonly db?: Database;
    /** True where windows that are not known are to be restored first, as outside of tests. */
    readonly isPastLost?: boolean;
  } = {},
): Promise<GateUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'));
  const db = shared.db ?? openDatabase({ url: `sqlite:${join(folder, 'gate.db')}` });
  await migrateDatabase(db);
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const steady = (): number => performance.timeOrigin + performance.now();
  const sharedLog = shared.budgetLog ?? memoryBudgetLog(steady);
  const budgetLog = shared.isPastLost === true ? sharedLog : openedLog(sharedLog);
  const events: CallEvent[] = [];
  const ledger = callLedger(db);
  const sources = {
    clock: systemClock,
    monotonic: () => performance.now(),
    random: () => 0.2,
    newId: () => randomUUID(),
    log,
  };
  const strikes = createStrikes({ book: strikeBook(db), clock: systemClock, log });
  const lessons = { notes: shared.notes ?? memoryLearntNotes(steady), strikes, countOccupied: countOccupiedIn(db) };
  const budget = createBudget({ budgetLog, ledger, lessons, ...sources });
  const gate = createGate({
    budget,
    ledger,
    shelf: shared.shelf ?? memoryTokenShelf(steady),
    ...sources,
    onCall: (event) => events.push(event),
  });
  return {
    gate,
    budget,
    strikes,
    db,
    events,
    logged: () => lines.join(''),
    async close() {
      await gate.drain();
      if (shared.db === undefined) await db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
