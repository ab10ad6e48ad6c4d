import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { FeedSchedule } from '../domain/profile.ts';
import { CallFailed } from '../outbound/supplier-call.ts';
import type { Database } from '../store/database.ts';
import { insertDeadLetters } from '../store/dead-letters.ts';
import { changeFeedState, readFeedState } from '../store/feed-states.ts';
import { assertFence, LeaseLost } from '../store/leases.ts';
import { breakOffRun } from '../store/sync-runs.ts';
import type { SyncRun } from '../store/sync-runs.ts';
import { RunStopped } from './ask-page.ts';
import { dueAfterFailure } from './due.ts';
import { errorCode } from '../store/database.ts';
import type { HeldLease } from './hold-lease.ts';
import { RunHalted } from './page-guard.ts';
import type { RunEnd } from './progress.ts';

export interface EndBrokenDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export interface BrokenRun {
  readonly run: SyncRun;
  readonly schedule: FeedSchedule | undefined;
  readonly held: HeldLease;
  /** Whether a page was recorded since the run was started or taken up. */
  readonly hasMovedOn: boolean;
}

/**
 * Ends a run that did not come to its last page: notes why, puts the feed's next run off, leaves the watermark where it is.
 * Writes nothing where the lease is lost, nor where the run was stopped: its progress is saved with its pages.
 */
export async function endBroken(
  deps: EndBrokenDeps,
  broken: BrokenRun,
  error: unknown,
): Promise<Pick<RunEnd, 'state' | 'reason'>> {
  const { held } = broken;
  if (held.lost.aborted || error instanceof LeaseLost)
    return { state: 'leaseLost', reason: new LeaseLost(held.name).message };
  if (error instanceof RunStopped) return { state: 'stopped', reason: error.message };
  const reason = reasonOf(deps.log, broken.run, error);
  try {
    await noteFailure(deps, broken, error, reason);
  } catch (noting) {
    if (noting instanceof LeaseLost) return { state: 'leaseLost', reason: noting.message };
    deps.log.error({ lease: held.name, code: errorCode(noting) }, 'end of a sync run not noted');
  }
  return { state: 'failed', reason };
}

async function noteFailure(deps: EndBrokenDeps, broken: BrokenRun, error: unknown, reason: string): Promise<void> {
  const { run, schedule } = broken;
  const { supplier, feed } = run;
  const now = deps.clock.now();
  await deps.db.transaction(async (t) => {
    await assertFence(t, broken.held);
    await breakOffRun(t, run.id, reason, canBeTakenUp(broken, error) ? null : now);
    const state = await readFeedState(t, supplier, feed);
    if (state === null) return;
    const failures = state.failures + 1;
    const due =
      schedule === undefined ? {} : dueAfterFailure(schedule, state, { mode: run.mode, failures }, now, deps.random);
    await changeFeedState(t, supplier, feed, { failures, lastError: reason, lastEndedAt: now, ...due });
    if (error instanceof CallFailed && error.raw !== null)
      await insertDeadLetters(
        t,
        { cause: 'SYNC' },
        [{ supplier, supplierPartNumber: null, reason, raw: error.raw }],
        now,
      );
  });
}

/** Not where the walk itself is wrong, nor where the first page after taking up is no answer: its token may be dead. */
function canBeTakenUp({ run, hasMovedOn }: BrokenRun, error: unknown): boolean {
  if (run.pageToken === null || error instanceof RunHalted) return false;
  return hasMovedOn || !(error instanceof CallFailed && error.failure === 'broken');
}

function reasonOf(log: Logger, run: SyncRun, error: unknown): string {
  if (error instanceof CallFailed || error instanceof RunHalted || error instanceof GatewayError) return error.message;
  const where = `${run.supplier} ${run.feed}, page ${run.pages + 1}`;
  log.error({ supplier: run.supplier, feed: run.feed, code: errorCode(error), at: frames(error) }, 'page not recorded');
  return `${where}: the page was answered but not recorded (${errorCode(error)}). Check the database, and the log.`;
}

/** Where it was thrown, without its message: a database's holds the statement's values. */
function frames(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack.split('\n').filter((line) => line.startsWith('    at '));
}
