import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { within, type Clock } from '../domain/clock.ts';
import type { OfferId } from '../domain/identity.ts';
import type { Part } from '../domain/part.ts';
import type { StaleReason } from '../domain/freshness.ts';
import type { Wake } from '../redis/wake.ts';
import { errorCode, type Database } from '../store/database.ts';
import { claimJob, endJob, insertJob, keepJob, pruneJobs, readJob, saveJobLine } from '../store/refresh-jobs.ts';
import type { JobLine, JobLineState, JobState, StoredJob } from '../store/refresh-jobs.ts';
import { settleUnasked, type UnaskedDeps } from './forced-share.ts';
import { createBatcher } from './batcher.ts';
import type { Refresher, RefreshOutcome } from './refresh.ts';

/** A forced refresh as its caller sees it. Times in epoch ms. */
export interface RefreshJobView {
  readonly id: string;
  readonly state: JobState;
  /** Offers to ask about, and those answered, well or badly. */
  readonly total: number;
  readonly done: number;
  readonly results: readonly {
    readonly offerId: OfferId;
    readonly state: JobLineState;
    readonly reason: StaleReason | null;
    readonly retryAt: number | null;
  }[];
  readonly requestedAt: number;
  readonly endedAt: number | null;
}

export interface RefreshRequest {
  readonly parts: readonly Part[];
  /** The same key of the same caller is the same job for a day. */
  readonly idempotencyKey: string;
  readonly caller: string;
}

export interface RefreshJobs {
  /** Takes a job in and answers at once. `reused` says that the key came before with other parts. */
  request(request: RefreshRequest): Promise<{ readonly job: RefreshJobView } | { readonly reused: true }>;
  job(id: string): Promise<RefreshJobView | null>;
  /** The job now and each time it has moved; ends after its last state, at once for an unknown id. */
  follow(id: string): AsyncIterableIterator<RefreshJobView>;
}

export interface RefreshJobsDeps {
  readonly db: Database;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly newId: () => string;
}

export function createRefreshJobs(deps: RefreshJobsDeps): RefreshJobs {
  // However many follow one job: one read at a time, and whoever comes meanwhile shares the next.
  const views = createBatcher({
    load: (ids: string[]) => readViews(deps.db, ids),
    keysPerStatement: JOBS_PER_READ,
    statementsInFlight: 1,
  });
  const job = async (id: string): Promise<RefreshJobView | null> => (await views.getMany([id])).get(id) ?? null;
  return {
    async request({ parts, idempotencyKey, caller }) {
      const offers = [...new Map(parts.flatMap((part) => part.offers).map((offer) => [offer.id, offer])).values()];
      const inputDigest = digestOf(parts);
      const id = await insertJob(deps.db, {
        id: deps.newId(),
        caller,
        idempotencyKey,
        inputDigest,
        requestedAt: deps.clock.now(),
        lines: offers.map((offer) => ({ ...offer, offerId: offer.id })),
      });
      deps.wake.notify('jobs');
      const stored = await readJob(deps.db, id);
      const view = viewOf(stored);
      return view !== null && stored?.inputDigest === inputDigest ? { job: view } : { reused: true };
    },
    job,
    follow: (id) => followJob(() => job(id), deps),
  };
}

const JOBS_PER_READ = 100;

async function readViews(db: Database, ids: readonly string[]): Promise<Map<string, RefreshJobView>> {
  const views = new Map<string, RefreshJobView>();
  for (const id of ids) {
    const view = viewOf(await readJob(db, id));
    if (view !== null) views.set(id, view);
  }
  return views;
}

/** Runs jobs, this process's and those that others let go. */
export interface RefreshJobWorker {
  start(): void;
  /** Takes no further job and waits for the running ones, at most as long as a job may be owned unrenewed. */
  stop(): Promise<void>;
}

export interface RefreshJobWorkerDeps extends RefreshJobsDeps, UnaskedDeps {
  readonly refresher: Refresher;
  readonly log: Logger;
  /** This process, among all. */
  readonly owner: string;
}

const JOBS_AT_ONCE = 4;
const OWNED_FOR_MS = 30_000;
/** How long one offer of a job waits for a call. */
const LINE_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 1_000;
const KEPT_FOR_MS = 24 * 3_600_000;
const PRUNE_EVERY_MS = 600_000;

export function createRefreshJobWorker(deps: RefreshJobWorkerDeps): RefreshJobWorker {
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  let nudge = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  let prunedAt = deps.clock.now();
  let servedLast = '';

  const look = async (): Promise<void> => {
    while (running.size < JOBS_AT_ONCE && !stopping.signal.aborted) {
      const claimed = await claimJob(deps.db, deps.owner, deps.clock.now(), OWNED_FOR_MS, servedLast);
      if (claimed === null) break;
      const { id } = claimed;
      servedLast = claimed.caller;
      const run = runJob(deps, id).catch((error: unknown) => {
        deps.log.error(
          { code: errorCode(error), job: id },
          'a refresh job stopped; it is taken up again when its time is over',
        );
      });
      running.add(run);
      void run
        .finally(() => running.delete(run))
        .then(() => {
          nudge.abort();
        });
    }
    if (deps.clock.now() - prunedAt < PRUNE_EVERY_MS) return;
    prunedAt = deps.clock.now();
    await pruneJobs(deps.db, prunedAt - KEPT_FOR_MS);
  };

  const turn = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      nudge = new AbortController();
      await look().catch((error: unknown) => {
        deps.log.warn({ code: errorCode(error) }, 'refresh jobs could not be read');
      });
      await deps.clock.sleep(LOOK_EVERY_MS, AbortSignal.any([nudge.signal, stopping.signal]));
    }
  };
  const unsubscribe = deps.wake.onWake('jobs', () => {
    nudge.abort();
  });
  return {
    start() {
      loop = turn();
    },
    async stop() {
      stopping.abort();
      unsubscribe();
      await loop;
      await within(deps.clock, Promise.allSettled(running), OWNED_FOR_MS, null);
    },
  };
}

/** Asks about every offer that still waits, saving each as it comes. A job taken over goes on where it stood. */
async function runJob(deps: RefreshJobWorkerDeps, id: string): Promise<void> {
  const job = await readJob(deps.db, id);
  if (job === null) return;
  deps.wake.notify('jobs');
  const ended = new AbortController();
  const keeping = keepOwning(deps, id, ended.signal);
  try {
    const settled = await settleUnasked(deps, job);
    const states = await Promise.all(
      job.lines.map(async (line) => {
        const state = settled.get(line.line) ?? line.state;
        return state === 'WAITING' ? runLine(deps, id, line) : state;
      }),
    );
    await endJob(deps.db, id, deps.owner, states.includes('FAILED') ? 'FAILED' : 'DONE', deps.clock.now());
  } finally {
    ended.abort();
    await keeping;
    deps.wake.notify('jobs');
  }
}

async function runLine(deps: RefreshJobWorkerDeps, id: string, line: JobLine): Promise<JobLineState> {
  const now = deps.clock.now();
  const outcome = await deps.refresher.refresh(line, {
    lane: 'forced',
    deadline: now + LINE_WITHIN_MS,
    isForced: true,
    notBefore: now,
  });
  const result = { line: line.line, ...resultOf(outcome) };
  await saveJobLine(deps.db, id, result);
  deps.wake.notify('jobs');
  return result.state;
}

async function keepOwning(deps: RefreshJobWorkerDeps, id: string, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await deps.clock.sleep(OWNED_FOR_MS / 3, ended);
    if (!ended.aborted) await keepJob(deps.db, id, deps.owner, deps.clock.now() + OWNED_FOR_MS).catch(() => false);
  }
}

function resultOf(outcome: RefreshOutcome): Pick<JobLine, 'state' | 'reason' | 'retryAt'> {
  if (outcome.state === 'failed') return { state: 'FAILED', reason: outcome.reason, retryAt: outcome.retryAt };
  return { state: outcome.answer.isListed ? 'REFRESHED' : 'NOT_LISTED', reason: null, retryAt: null };
}

function digestOf(parts: readonly Part[]): string {
  return createHash('sha256')
    .update(
      parts
        .map((part) => part.id)
        .sort()
        .join(),
    )
    .digest('base64url');
}

function viewOf(job: StoredJob | null): RefreshJobView | null {
  if (job === null) return null;
  const { id, state, requestedAt, endedAt, lines } = job;
  return {
    id,
    state,
    total: lines.length,
    done: lines.filter((line) => line.state !== 'WAITING').length,
    results: lines,
    requestedAt,
    endedAt,
  };
}

/** An iterator object rather than a generator: its `return()` ends a wait at once, so nothing is left listening. */
function followJob(
  read: () => Promise<RefreshJobView | null>,
  deps: RefreshJobsDeps,
): AsyncIterableIterator<RefreshJobView> {
  let shown = '';
  let isOver = false;
  const over = new AbortController();
  let woken = new AbortController();
  const unsubscribe = deps.wake.onWake('jobs', () => {
    woken.abort();
  });
  const end = (): void => {
    isOver = true;
    unsubscribe();
    over.abort();
  };
  const next = async (): Promise<IteratorResult<RefreshJobView>> => {
    while (!isOver) {
      woken = new AbortController();
      const view = await read();
      if (view === null) end();
      else if (JSON.stringify(view) !== shown) {
        shown = JSON.stringify(view);
        if (view.endedAt !== null) end();
        return { value: view, done: false };
      } else await deps.clock.sleep(LOOK_EVERY_MS, AbortSignal.any([woken.signal, over.signal]));
    }
    return { value: undefined, done: true };
  };
  return {
    next,
    return: () => {
      end();
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
