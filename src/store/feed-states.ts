import type { Feed } from '../domain/profile.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { Queryable } from './database.ts';

/** Where one feed of a supplier stands. Times in epoch milliseconds, on our clock unless said otherwise. */
export interface FeedState {
  readonly supplier: SupplierId;
  readonly feed: Feed;
  /** On the supplier's clock: what changed before it is recorded. Null until a run was completed. */
  readonly watermark: number | null;
  /** When the first page of the last completed run was sent: what the last full run saw was still true then. */
  readonly confirmedAt: number | null;
  /** When the last completed full run began: what was answered since then was seen by it. */
  readonly fullStartedAt: number | null;
  readonly fullCompletedAt: number | null;
  readonly fullDueAt: number;
  readonly incrementalDueAt: number;
  /** Runs failed in a row. */
  readonly failures: number;
  /** Why the last run failed; null where it did not. */
  readonly lastError: string | null;
  readonly lastEndedAt: number | null;
}

/** What an ended run changes. */
export type FeedStateChange = Partial<Omit<FeedState, 'supplier' | 'feed'>>;

const MAX_ERROR_LENGTH = 1_000;

const COLUMNS: Record<keyof FeedStateChange, string> = {
  watermark: 'watermark',
  confirmedAt: 'confirmed_at',
  fullStartedAt: 'full_started_at',
  fullCompletedAt: 'full_completed_at',
  fullDueAt: 'full_due_at',
  incrementalDueAt: 'incremental_due_at',
  failures: 'failures',
  lastError: 'last_error',
  lastEndedAt: 'last_ended_at',
};

/** All feeds ever seen, ordered by supplier and feed. */
export async function readFeedStates(db: Queryable): Promise<FeedState[]> {
  const rows = (await db.knex('feed_states').orderBy(['supplier', 'feed'])) as Row[];
  return rows.map(toFeedState);
}

export async function readFeedState(db: Queryable, supplier: SupplierId, feed: Feed): Promise<FeedState | null> {
  const row = (await db.knex('feed_states').where({ supplier, feed }).first()) as Row | undefined;
  return row === undefined ? null : toFeedState(row);
}

/** Makes the state of a feed seen for the first time: everything due at `dueAt`. Leaves a known one as it is. */
export async function ensureFeedState(db: Queryable, supplier: SupplierId, feed: Feed, dueAt: number): Promise<void> {
  await db
    .knex('feed_states')
    .insert({ supplier, feed, full_due_at: dueAt, incremental_due_at: dueAt })
    .onConflict(['supplier', 'feed'])
    .ignore();
}

/** Only for the holder of the feed's lease, in a transaction that asserts its fence. */
export async function changeFeedState(
  t: Queryable,
  supplier: SupplierId,
  feed: Feed,
  change: FeedStateChange,
): Promise<void> {
  const columns = Object.entries(change).map(([name, value]) => [
    COLUMNS[name as keyof FeedStateChange],
    typeof value === 'string' ? value.slice(0, MAX_ERROR_LENGTH) : value,
  ]);
  await t.knex('feed_states').where({ supplier, feed }).update(Object.fromEntries(columns));
}

interface Row {
  supplier: string;
  feed: Feed;
  watermark: number | null;
  confirmed_at: number | null;
  full_started_at: number | null;
  full_completed_at: number | null;
  full_due_at: number;
  incremental_due_at: number;
  failures: number;
  last_error: string | null;
  last_ended_at: number | null;
}

function toFeedState(row: Row): FeedState {
  return {
    supplier: row.supplier,
    feed: row.feed,
    watermark: row.watermark,
    confirmedAt: row.confirmed_at,
    fullStartedAt: row.full_started_at,
    fullCompletedAt: row.full_completed_at,
    fullDueAt: row.full_due_at,
    incrementalDueAt: row.incremental_due_at,
    failures: row.failures,
    lastError: row.last_error,
    lastEndedAt: row.last_ended_at,
  };
}
