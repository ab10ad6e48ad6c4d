import type { Logger } from 'pino';
import type { ConnectedSupplier } from '../connectors/connected-supplier.ts';
import type { FeedReader } from '../connectors/connector.ts';
import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { Lane } from '../domain/lane.ts';
import { FEED_KIND } from '../domain/profile.ts';
import type { Feed, FeedSchedule } from '../domain/profile.ts';
import type { Recorder } from '../inventory/record.ts';
import type { Gate } from '../outbound/supplier-call.ts';
import type { Database, Queryable } from '../store/database.ts';
import { changeFeedState, readFeedState } from '../store/feed-states.ts';
import { assertFence, LeaseLost } from '../store/leases.ts';
import { saveRun } from '../store/sync-runs.ts';
import type { SyncMode, SyncRun } from '../store/sync-runs.ts';
import { createPageAsker, RunStopped } from './ask-page.ts';
import type { AskedPage } from './ask-page.ts';
import { dueAfterSuccess } from './due.ts';
import { endBroken } from './end-broken.ts';
import { holdLease } from './hold-lease.ts';
import type { HeldLease } from './hold-lease.ts';
import { openRun } from './open-run.ts';
import { createPageGuard, RunHalted, tooManyRejections } from './page-guard.ts';
import type { Progress, RunEnd } from './progress.ts';

export interface SyncDeps {
  readonly db: Database;
  readonly recorder: Recorder;
  readonly gate: Gate;
  readonly suppliers: readonly ConnectedSupplier[];
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Who holds the leases: one name a process, at most 64 characters. */
  readonly owner: string;
}

export interface RunOrder {
  readonly supplier: SupplierId;
  readonly feed: Feed;
  /** An incremental run becomes a full one where a delta cannot be right. */
  readonly mode: SyncMode;
  readonly lane: Lane;
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the run at the end of the page it is at. */
  readonly signal?: AbortSignal;
}

/** By so much a supplier's clock may be ahead of ours. Further, what it says would put unread changes behind the watermark. */
const MAX_AHEAD_MS = 2_000;

/** Begins with `SYNC_LEASE_PREFIX`. */
export function syncLeaseName(supplier: SupplierId, feed: Feed): string {
  return `${SYNC_LEASE_PREFIX}${supplier}:${feed}`;
}

export const SYNC_LEASE_PREFIX = 'sync:';

/**
 * Walks a feed once, from where its unfinished run stands or from the start. Each page is recorded together with the run's
 * progress and the lease's fence in one transaction; the last page also moves the watermark. Killed anywhere, the next run
 * repeats at most one page. Memory is one page, however long the feed.
 * @throws GatewayError where the supplier or its feed does not exist; other failures are told by the end
 */
export async function runFeed(deps: SyncDeps, order: RunOrder): Promise<RunEnd> {
  const place = findPlace(deps, order);
  const name = syncLeaseName(order.supplier, order.feed);
  const end = await holdLease(deps, name, (held) => runUnderLease(deps, order, place, held));
  if (end !== null) return end;
  const reason = `Another process is running ${order.supplier} ${order.feed}.`;
  return { state: 'busy', reason, progress: noProgress(order.supplier, order.feed, order.mode) };
}

/** Where a feed is read. */
interface Place {
  readonly supplier: ConnectedSupplier;
  readonly reader: FeedReader;
  readonly schedule: FeedSchedule | undefined;
}

/** One process's part of a run. `run` and `progress` are replaced page by page. */
interface Walk {
  readonly deps: SyncDeps;
  readonly order: RunOrder;
  readonly place: Place;
  readonly held: HeldLease;
  /** Also aborts when the lease is lost. */
  readonly stop: AbortSignal;
  run: SyncRun;
  progress: Progress;
}

function findPlace(deps: SyncDeps, { supplier: id, feed }: RunOrder): Place {
  const supplier = deps.suppliers.find((one) => one.id === id);
  const known = deps.suppliers.map((one) => one.id).join(', ');
  if (supplier === undefined)
    throw new GatewayError('BAD_USER_INPUT', `There is no supplier "${id}"; configured are: ${known}.`);
  const reader = supplier.connector.feeds[feed];
  const feeds = Object.keys(supplier.connector.feeds).join(', ');
  if (reader === undefined)
    throw new GatewayError('BAD_USER_INPUT', `Supplier "${id}" has no ${feed} feed; it has: ${feeds}.`);
  return { supplier, reader, schedule: supplier.connection.profile.schedules[feed] };
}

async function runUnderLease(deps: SyncDeps, order: RunOrder, place: Place, held: HeldLease): Promise<RunEnd> {
  const { supplier, feed, mode } = order;
  const { reader, schedule } = place;
  const run = await openRun(deps.db, held, { supplier, feed, mode, reader, schedule, now: deps.clock.now() });
  const stop = AbortSignal.any([held.lost, ...(order.signal === undefined ? [] : [order.signal])]);
  const { pages, rows, rejected } = run;
  const progress = { ...noProgress(supplier, feed, run.mode), pages, rows, rejected };
  const walk: Walk = { deps, order, place, held, stop, run, progress };
  deps.log.info({ supplier, feed, mode: run.mode, asked: mode, pages, since: run.since }, 'sync run begins');
  const end = await walkToItsEnd(walk, pages);
  const { state, reason } = end;
  deps.log[state === 'failed' ? 'warn' : 'info']({ ...walk.progress, state, reason }, 'sync run ended');
  return end;
}

async function walkToItsEnd(walk: Walk, pagesBefore: number): Promise<RunEnd> {
  try {
    await walkPages(walk);
    return { state: 'done', reason: null, progress: walk.progress };
  } catch (error) {
    const { deps, place, held, run, progress } = walk;
    const hasMovedOn = run.pages > pagesBefore;
    return { ...(await endBroken(deps, { run, schedule: place.schedule, held, hasMovedOn }, error)), progress };
  }
}

async function walkPages(walk: Walk): Promise<void> {
  const { deps, place, order, held, stop } = walk;
  const guard = createPageGuard(place.supplier.connection.profile.maxPagesPerRun);
  const asker = createPageAsker({
    ...deps,
    ...place,
    lane: order.lane,
    stop,
    onWait: (until, reason) => report(walk, { waits: walk.progress.waits + 1, waitingFor: { reason, until } }),
  });
  while (walk.run.state === 'OPEN') {
    if (stop.aborted) throw new RunStopped();
    const asked = await asker.ask(walk.run);
    if (held.lost.aborted) throw new LeaseLost(held.name);
    guard.check(walk.run, asked.page);
    await recordPage(walk, asked);
  }
}

/** One transaction: what the page says, the run's progress, and at the end of the feed its watermark. */
async function recordPage(walk: Walk, { page, sentAt }: AskedPage): Promise<void> {
  const { deps, held, progress } = walk;
  const after = advanced(walk.run, { page, sentAt }, deps.clock.now());
  const { written, ahead } = await deps.recorder.record({
    cause: 'SYNC',
    confirmation: after.mode === 'full' ? 'each' : 'feed',
    observations: page.observations,
    rejections: page.rejections,
    rejectedKind: FEED_KIND[after.feed],
    ...(after.feed === 'stock' && after.mode === 'full' ? { fullStockRunStartedAt: after.startedAt } : {}),
    guard: (t) => assertFence(t, held),
    alongside: async (t) => {
      await saveRun(t, after);
      if (after.state === 'DONE') await moveFeed(t, walk, after);
    },
  });
  if (ahead > 0)
    deps.log.warn({ supplier: after.supplier, feed: after.feed, ahead }, 'versions from the future, taken as of now');
  walk.run = after;
  const { pages, rows, rejected } = after;
  const { pagesInAll } = page;
  report(walk, { pages, pagesInAll, rows, rejected, changed: progress.changed + written, waitingFor: null });
  if (after.state === 'FAILED') throw new RunHalted(after.lastError ?? 'The run was stopped.');
}

/** The run as it stands with this page recorded. */
function advanced(run: SyncRun, { page, sentAt }: AskedPage, now: number): SyncRun {
  const next: SyncRun = {
    ...run,
    pageToken: page.nextToken,
    pages: run.pages + 1,
    rows: run.rows + page.observations.length + page.rejections.length,
    rejected: run.rejected + page.rejections.length,
    unkeyed: run.unkeyed + page.rejections.filter((one) => one.supplierPartNumber === null).length,
    firstAskedAtSupplier: run.firstAskedAtSupplier ?? Math.min(page.askedAtSupplier, sentAt + MAX_AHEAD_MS),
    firstSentAt: run.firstSentAt ?? sentAt,
    pageAt: now,
    lastError: null,
  };
  const lastError = tooManyRejections(next);
  if (lastError !== null) return { ...next, state: 'FAILED', endedAt: now, lastError };
  return page.nextToken === null ? { ...next, state: 'DONE', endedAt: now } : next;
}

/** In the transaction of the last page: never before, or a page would be behind the watermark without being recorded. */
async function moveFeed(t: Queryable, { deps, place }: Walk, run: SyncRun): Promise<void> {
  const now = deps.clock.now();
  const state = await readFeedState(t, run.supplier, run.feed);
  const due = place.schedule === undefined ? {} : dueAfterSuccess(place.schedule, run.mode, now, deps.random);
  await changeFeedState(t, run.supplier, run.feed, {
    ...(isBlind(run)
      ? {}
      : { watermark: run.firstAskedAtSupplier, confirmedAt: Math.max(state?.confirmedAt ?? 0, run.firstSentAt ?? 0) }),
    // The run's start and not its first call: it may lie before what was observed, never behind it.
    ...(run.mode === 'full' ? { fullStartedAt: run.startedAt, fullCompletedAt: now } : {}),
    failures: 0,
    lastError: null,
    lastEndedAt: now,
    ...due,
  });
}

/**
 * A stock delta with a piece that names no offer cannot say that what it did not name is unchanged. It confirms nothing, and the
 * next one asks for the same again; at the latest the next full run, which confirms only what it saw, leaves the piece behind.
 */
function isBlind(run: SyncRun): boolean {
  return run.feed === 'stock' && run.mode === 'incremental' && run.unkeyed > 0;
}

function report(walk: Walk, change: Partial<Progress>): void {
  walk.progress = { ...walk.progress, ...change };
  walk.order.onProgress?.(walk.progress);
}

function noProgress(supplier: SupplierId, feed: Feed, mode: SyncMode): Progress {
  return {
    supplier,
    feed,
    mode,
    pages: 0,
    pagesInAll: null,
    rows: 0,
    rejected: 0,
    changed: 0,
    waits: 0,
    waitingFor: null,
  };
}
