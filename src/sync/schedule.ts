import { within } from '../domain/clock.ts';
import type { SupplierId } from '../domain/identity.ts';
import { ensureFeedState, readFeedStates } from '../store/feed-states.ts';
import { readHeldLeases } from '../store/leases.ts';
import { dueRuns, scheduledFeeds } from './due.ts';
import type { DueRun } from './due.ts';
import { errorCode } from '../store/database.ts';
import type { Progress, RunEnd } from './progress.ts';
import { runFeed, SYNC_LEASE_PREFIX, syncLeaseName } from './run.ts';
import type { SyncDeps } from './run.ts';

export interface Scheduler {
  start(): void;
  /** Stops the runs at their next page and waits for them, at most `STOP_WAIT_MS`. What is cut off goes on at the next start. */
  stop(): Promise<void>;
}

export interface SchedulerSettings {
  /** Of one supplier, by all processes together. */
  readonly runsPerSupplier?: number;
  /** In this process. */
  readonly runsInAll?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly onEnd?: (end: RunEnd) => void;
}

const LOOK_EVERY_MS = 1_000;
const STOP_WAIT_MS = 10_000;

/**
 * Runs feeds when they are due. Every process may have one: what is due stands in the database, and a feed's lease lets one
 * process run it.
 */
export function createScheduler(deps: SyncDeps, settings: SchedulerSettings = {}): Scheduler {
  const stopping = new AbortController();
  const running = new Map<string, Promise<void>>();
  let looking: Promise<void> | null = null;

  const begin = (run: DueRun): void => {
    const name = syncLeaseName(run.supplier, run.feed);
    running.set(
      name,
      runDue(deps, settings, run, stopping.signal).finally(() => running.delete(name)),
    );
  };
  const lookOn = async (): Promise<void> => {
    await ensureStates(deps, stopping.signal);
    while (!stopping.signal.aborted) {
      try {
        for (const run of await runsToBegin(deps, settings, [...running.keys()])) begin(run);
      } catch (error) {
        deps.log.warn({ code: errorCode(error) }, 'schedules not read, trying again');
      }
      await deps.clock.sleep(LOOK_EVERY_MS, stopping.signal);
    }
  };
  return {
    start() {
      looking ??= lookOn();
    },
    async stop() {
      stopping.abort();
      await looking;
      await within(deps.clock, Promise.all(running.values()), STOP_WAIT_MS, null);
    },
  };
}

/** A feed seen for the first time is due at once. */
async function ensureStates(deps: SyncDeps, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    try {
      const now = deps.clock.now();
      for (const { supplier, feed } of scheduledFeeds(deps.suppliers))
        await ensureFeedState(deps.db, supplier.id, feed, now);
      return;
    } catch (error) {
      deps.log.warn({ code: errorCode(error) }, 'feeds not entered, trying again');
      await deps.clock.sleep(LOOK_EVERY_MS, stopping);
    }
  }
}

/** What is due and not running, as far as there is room for it here and at its supplier. */
async function runsToBegin(
  deps: SyncDeps,
  { runsPerSupplier = 1, runsInAll = 4 }: SchedulerSettings,
  running: readonly string[],
): Promise<DueRun[]> {
  if (running.length >= runsInAll) return [];
  const now = deps.clock.now();
  const due = dueRuns(scheduledFeeds(deps.suppliers), await readFeedStates(deps.db), now);
  if (due.length === 0) return [];
  const taken = new Set([...running, ...(await readHeldLeases(deps.db, SYNC_LEASE_PREFIX, now))]);
  const chosen: DueRun[] = [];
  for (const run of due) {
    const name = syncLeaseName(run.supplier, run.feed);
    if (running.length + chosen.length >= runsInAll) break;
    if (taken.has(name) || countOf(taken, run.supplier) >= runsPerSupplier) continue;
    taken.add(name);
    chosen.push(run);
  }
  return chosen;
}

function countOf(names: ReadonlySet<string>, supplier: SupplierId): number {
  return [...names].filter((name) => name.startsWith(`${SYNC_LEASE_PREFIX}${supplier}:`)).length;
}

async function runDue(deps: SyncDeps, settings: SchedulerSettings, run: DueRun, signal: AbortSignal): Promise<void> {
  const { supplier, feed, mode, isFirstFill } = run;
  try {
    const end = await runFeed(deps, {
      supplier,
      feed,
      mode,
      lane: isFirstFill ? 'backfill' : 'scheduled',
      signal,
      ...(settings.onProgress === undefined ? {} : { onProgress: settings.onProgress }),
    });
    if (end.state !== 'busy') settings.onEnd?.(end);
  } catch (error) {
    // The database was away before the run could begin: the feed is still due, the next look tries again.
    deps.log.warn({ supplier, feed, code: errorCode(error) }, 'sync run not begun');
  }
}
