import type { Feed } from '../domain/profile.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { Queryable } from './database.ts';

export type SyncMode = 'full' | 'incremental';

/** OPEN: going on, or broken off and to be taken up again where it stands. */
export type RunState = 'OPEN' | 'DONE' | 'FAILED';

/** One walk over a feed. Times in epoch milliseconds, on our clock unless said otherwise. */
export interface SyncRun {
  readonly id: string;
  readonly supplier: SupplierId;
  readonly feed: Feed;
  readonly mode: SyncMode;
  readonly state: RunState;
  /** On the supplier's clock: what an incremental run asks from; null for a full one. */
  readonly since: number | null;
  /** Where the next page starts; null before the first page, and past the last. */
  readonly pageToken: string | null;
  /** Pages recorded. */
  readonly pages: number;
  /** Observations and rejections of those pages. */
  readonly rows: number;
  readonly rejected: number;
  /** Of the rejections those that name no offer. */
  readonly unkeyed: number;
  /** When the first page was asked for, on the supplier's clock: the watermark to be. */
  readonly firstAskedAtSupplier: number | null;
  /** The same moment on our clock. */
  readonly firstSentAt: number | null;
  readonly startedAt: number;
  /** When the last page was recorded; before the first, when the run started. */
  readonly pageAt: number;
  readonly endedAt: number | null;
  readonly lastError: string | null;
}

const MAX_ERROR_LENGTH = 1_000;

/** The unfinished run of a feed in a mode; null where there is none. */
export async function readOpenRun(
  db: Queryable,
  supplier: SupplierId,
  feed: Feed,
  mode: SyncMode,
): Promise<SyncRun | null> {
  const open = db.knex('sync_runs').where({ supplier, feed, mode, state: 'OPEN' });
  const row = (await open.orderBy('started_at', 'desc').first()) as Row | undefined;
  return row === undefined ? null : toRun(row);
}

/** The latest first. */
export async function readSyncRuns(db: Queryable, limit: number): Promise<SyncRun[]> {
  const rows = (await db.knex('sync_runs').orderBy('started_at', 'desc').limit(limit)) as Row[];
  return rows.map(toRun);
}

export async function insertRun(t: Queryable, run: SyncRun): Promise<void> {
  await t.knex('sync_runs').insert(toRow(run));
}

/** Only for the holder of the feed's lease, in a transaction that asserts its fence. */
export async function saveRun(t: Queryable, run: SyncRun): Promise<void> {
  const { id, ...columns } = toRow(run);
  await t.knex('sync_runs').where({ id }).update(columns);
}

/**
 * Notes why a run broke off, without touching its progress. `endedAt` null leaves it OPEN, to be taken up again.
 * Does nothing to a run that has ended: its last page may have been recorded although the answer to that was lost.
 */
export async function breakOffRun(t: Queryable, id: string, reason: string, endedAt: number | null): Promise<void> {
  await t
    .knex('sync_runs')
    .where({ id, state: 'OPEN' })
    .update({
      state: endedAt === null ? 'OPEN' : 'FAILED',
      ended_at: endedAt,
      last_error: reason.slice(0, MAX_ERROR_LENGTH),
    });
}

/** Ends what is unfinished of a feed in the mode of `successor`, which takes its place. */
export async function closeOpenRuns(t: Queryable, successor: SyncRun): Promise<void> {
  const { supplier, feed, mode, startedAt } = successor;
  await t
    .knex('sync_runs')
    .where({ supplier, feed, mode, state: 'OPEN' })
    .update({ state: 'FAILED', ended_at: startedAt });
}

/** Forgets the runs of a feed that ended before a moment. */
export async function pruneRuns(t: Queryable, supplier: SupplierId, feed: Feed, before: number): Promise<void> {
  await t
    .knex('sync_runs')
    .where({ supplier, feed })
    .whereIn('state', ['DONE', 'FAILED'])
    .andWhere('ended_at', '<', before)
    .delete();
}

interface Row {
  id: string;
  supplier: string;
  feed: Feed;
  mode: SyncMode;
  state: RunState;
  since: number | null;
  page_token: string | null;
  pages: number;
  row_count: number;
  rejected: number;
  unkeyed: number;
  first_asked_at_supplier: number | null;
  first_sent_at: number | null;
  started_at: number;
  page_at: number;
  ended_at: number | null;
  last_error: string | null;
}

function toRow(run: SyncRun): Row {
  return {
    id: run.id,
    supplier: run.supplier,
    feed: run.feed,
    mode: run.mode,
    state: run.state,
    since: run.since,
    page_token: run.pageToken,
    pages: run.pages,
    row_count: run.rows,
    rejected: run.rejected,
    unkeyed: run.unkeyed,
    first_asked_at_supplier: run.firstAskedAtSupplier,
    first_sent_at: run.firstSentAt,
    started_at: run.startedAt,
    page_at: run.pageAt,
    ended_at: run.endedAt,
    last_error: run.lastError?.slice(0, MAX_ERROR_LENGTH) ?? null,
  };
}

function toRun(row: Row): SyncRun {
  return {
    id: row.id,
    supplier: row.supplier,
    feed: row.feed,
    mode: row.mode,
    state: row.state,
    since: row.since,
    pageToken: row.page_token,
    pages: row.pages,
    rows: row.row_count,
    rejected: row.rejected,
    unkeyed: row.unkeyed,
    firstAskedAtSupplier: row.first_asked_at_supplier,
    firstSentAt: row.first_sent_at,
    startedAt: row.started_at,
    pageAt: row.page_at,
    endedAt: row.ended_at,
    lastError: row.last_error,
  };
}
