import { randomUUID } from 'node:crypto';
import type { FeedReader } from '../connectors/connector.ts';
import type { Feed, FeedSchedule } from '../domain/profile.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { Database } from '../store/database.ts';
import { ensureFeedState, readFeedState } from '../store/feed-states.ts';
import type { FeedState } from '../store/feed-states.ts';
import { assertFence } from '../store/leases.ts';
import type { Lease } from '../store/leases.ts';
import { closeOpenRuns, insertRun, pruneRuns, readOpenRun } from '../store/sync-runs.ts';
import type { SyncMode, SyncRun } from '../store/sync-runs.ts';

export interface OpenRunAsk {
  readonly supplier: SupplierId;
  readonly feed: Feed;
  readonly mode: SyncMode;
  readonly reader: FeedReader;
  readonly schedule: FeedSchedule | undefined;
  readonly now: number;
}

/**
 * How long a page token is taken up again. A delta is asked anew at little cost. A full run may have cost a day's budget, so
 * it is worth a try; a token that the supplier no longer takes ends the run, and the next one starts anew.
 */
const TOKEN_LIFE_MS: Record<SyncMode, number> = { incremental: 3_600_000, full: 86_400_000 };
const RUNS_KEPT_FOR_MS = 30 * 86_400_000;
/** Where a profile says nothing of the feed. */
const USUAL_OVERLAP_SECONDS = 600;
/** A watermark further ahead of our clock comes from a supplier's clock that was wrong. */
const MAX_AHEAD_MS = 3_600_000;

/** Takes up the feed's unfinished run of this mode where it stands, or starts a new one. Only under the feed's lease. */
export async function openRun(db: Database, lease: Lease, ask: OpenRunAsk): Promise<SyncRun> {
  await ensureFeedState(db, ask.supplier, ask.feed, ask.now);
  const state = await readFeedState(db, ask.supplier, ask.feed);
  const since = ask.mode === 'full' || state === null ? null : deltaStart(state, ask);
  const mode: SyncMode = since === null ? 'full' : 'incremental';
  const open = await readOpenRun(db, ask.supplier, ask.feed, mode);
  if (open !== null && open.pageToken !== null && ask.now - open.pageAt <= TOKEN_LIFE_MS[mode]) return open;
  const run = newRun(ask, mode, since);
  await db.transaction(async (t) => {
    await assertFence(t, lease);
    await closeOpenRuns(t, run);
    await pruneRuns(t, ask.supplier, ask.feed, ask.now - RUNS_KEPT_FOR_MS);
    await insertRun(t, run);
  });
  return run;
}

/** @returns what a delta is to be asked from, on the supplier's clock; null where only a full run is right */
function deltaStart(state: FeedState, { reader, schedule, now }: OpenRunAsk): number | null {
  if (reader.incremental === undefined || state.fullCompletedAt === null || state.watermark === null) return null;
  if (state.watermark > now + MAX_AHEAD_MS) return null;
  const since = state.watermark - 1_000 * (schedule?.overlapSeconds ?? USUAL_OVERLAP_SECONDS);
  const { reachMs } = reader.incremental;
  return reachMs !== null && now - since > reachMs ? null : since;
}

function newRun({ supplier, feed, now }: OpenRunAsk, mode: SyncMode, since: number | null): SyncRun {
  return {
    id: randomUUID(),
    supplier,
    feed,
    mode,
    state: 'OPEN',
    since,
    pageToken: null,
    pages: 0,
    rows: 0,
    rejected: 0,
    unkeyed: 0,
    firstAskedAtSupplier: null,
    firstSentAt: null,
    startedAt: now,
    pageAt: now,
    endedAt: null,
    lastError: null,
  };
}
