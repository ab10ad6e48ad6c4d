import type { ConnectedSupplier } from '../connectors/connected-supplier.ts';
import { FEEDS } from '../domain/profile.ts';
import type { Feed, FeedSchedule } from '../domain/profile.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { FeedState, FeedStateChange } from '../store/feed-states.ts';
import type { SyncMode } from '../store/sync-runs.ts';

export interface DueRun {
  readonly supplier: SupplierId;
  readonly feed: Feed;
  readonly mode: SyncMode;
  readonly dueAt: number;
  /** No full run of the feed was ever completed. */
  readonly isFirstFill: boolean;
}

/** A feed that its connector can walk and its profile wants walked. */
export interface ScheduledFeed {
  readonly supplier: ConnectedSupplier;
  readonly feed: Feed;
}

/** Runs that start together spread out over this share of their cadence. */
const JITTER = 0.1;
const FIRST_BACKOFF_MS = 30_000;
const MAX_BACKOFF_MS = 3_600_000;

export function scheduledFeeds(suppliers: readonly ConnectedSupplier[]): ScheduledFeed[] {
  return suppliers.flatMap((supplier) =>
    FEEDS.filter(
      (feed) =>
        supplier.connector.feeds[feed] !== undefined && supplier.connection.profile.schedules[feed] !== undefined,
    ).map((feed) => ({ supplier, feed })),
  );
}

/**
 * What is due, the longest due first, so that a long full run is not put off for ever by short ones; of equals catalog before
 * stock before prices. A feed without a completed full run has no incremental ones.
 */
export function dueRuns(feeds: readonly ScheduledFeed[], states: readonly FeedState[], now: number): DueRun[] {
  return feeds
    .flatMap(({ supplier, feed }) => {
      const state = states.find((one) => one.supplier === supplier.id && one.feed === feed);
      return state === undefined ? [] : dueRun(supplier, state, now);
    })
    .sort((a, b) => a.dueAt - b.dueAt || FEEDS.indexOf(a.feed) - FEEDS.indexOf(b.feed));
}

/** When the feed is due again after a completed run. A full run is as good as an incremental one. */
export function dueAfterSuccess(
  schedule: FeedSchedule,
  mode: SyncMode,
  now: number,
  random: () => number,
): FeedStateChange {
  const within = (seconds: number): number => Math.round(now + seconds * 1_000 * (1 + JITTER * random()));
  const incrementalDueAt = within(schedule.incrementalEverySeconds ?? schedule.fullEverySeconds);
  return mode === 'full' ? { fullDueAt: within(schedule.fullEverySeconds), incrementalDueAt } : { incrementalDueAt };
}

/**
 * When the feed is due again after `failures` failed runs in a row: 30 s, doubling up to its cadence and never above an hour.
 * Both modes wait: what failed one of them is mostly the supplier's.
 */
export function dueAfterFailure(
  schedule: FeedSchedule,
  state: FeedState,
  failed: { readonly mode: SyncMode; readonly failures: number },
  now: number,
  random: () => number,
): FeedStateChange {
  const cadenceMs = 1_000 * cadenceSeconds(schedule, failed.mode);
  const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(failed.failures - 1, 20), cadenceMs, MAX_BACKOFF_MS);
  const again = Math.round(now + backoffMs * (1 + JITTER * random()));
  return {
    fullDueAt: Math.max(state.fullDueAt, again),
    incrementalDueAt: Math.max(state.incrementalDueAt, again),
  };
}

function dueRun(supplier: ConnectedSupplier, state: FeedState, now: number): DueRun[] {
  const { feed } = state;
  const isFirstFill = state.fullCompletedAt === null;
  if (state.fullDueAt <= now)
    return [{ supplier: supplier.id, feed, mode: 'full', dueAt: state.fullDueAt, isFirstFill }];
  const isIncremental =
    supplier.connector.feeds[feed]?.incremental !== undefined &&
    typeof supplier.connection.profile.schedules[feed]?.incrementalEverySeconds === 'number';
  if (isFirstFill || !isIncremental || state.incrementalDueAt > now) return [];
  return [{ supplier: supplier.id, feed, mode: 'incremental', dueAt: state.incrementalDueAt, isFirstFill }];
}

function cadenceSeconds(schedule: FeedSchedule, mode: SyncMode): number {
  return mode === 'full' ? schedule.fullEverySeconds : (schedule.incrementalEverySeconds ?? schedule.fullEverySeconds);
}
