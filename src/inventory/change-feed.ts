import type { Logger } from 'pino';
import type { StockChange } from '../domain/change.ts';
import type { Clock } from '../domain/clock.ts';
import type { Wake } from '../redis/wake.ts';
import { changePositions, readChanges } from '../store/changes.ts';
import type { ChangeFilter } from '../store/changes.ts';
import type { Database } from '../store/database.ts';
import { createFollower } from './change-follower.ts';
import type { Follower } from './change-follower.ts';

export type { ChangeFilter } from '../store/changes.ts';

/** Changes behind the asked position are no longer kept: read the levels anew, then go on behind `resumeAfter`. */
export interface ChangeGap {
  readonly resumeAfter: number;
}

export type FeedItem = { readonly change: StockChange } | { readonly gap: ChangeGap };

export interface ChangePage {
  /** Oldest first. */
  readonly changes: readonly StockChange[];
  readonly gap: ChangeGap | null;
  /** Go on behind this, on an empty page too. */
  readonly endPosition: number;
  readonly hasMore: boolean;
}

/** The stock changes in the order they were committed, for those who follow and those who poll. */
export interface ChangeFeed {
  /** The last position given; 0 before the first. */
  newest(): Promise<number>;
  /**
   * Changes behind `after` (null: from now on), then live ones, each once, in order. A position that is no longer kept gives one gap.
   * Ends by `return()`, at once, or when the feed is closed.
   */
  follow(after: number | null, filter: ChangeFilter): AsyncIterableIterator<FeedItem>;
  /** One page behind `after` (null: from the oldest change kept). Looks at 10,000 changes at most, so it may be empty and yet have more behind it. */
  page(after: number | null, limit: number, filter: ChangeFilter): Promise<ChangePage>;
  /** Ends all followers. */
  close(): void;
}

export interface ChangeFeedDeps {
  readonly db: Database;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often the table is looked at without being woken: a wake may be lost. */
const POLL_EVERY_MS = 1_000;
const CHANGES_PER_READ = 1_000;
/** Positions one page looks through: bounds the work of a filter that fits nothing. */
const POSITIONS_PER_PAGE = 10_000;
/** Followers handed a batch before other work of the process gets its turn. */
const FOLLOWERS_PER_TURN = 500;

export function createChangeFeed(deps: ChangeFeedDeps): ChangeFeed {
  const followers = new Set<Follower>();
  const page = createPageReader(deps.db);
  const newest = async (): Promise<number> => (await changePositions(deps.db)).newest;
  const reader = createLiveReader(deps, followers, newest);
  return {
    newest,
    page,
    follow(after, filter) {
      const follower = createFollower({
        filter,
        start: after === null ? newest : () => Promise.resolve(after),
        page,
        livePosition: () => reader.position(),
        pause: (signal) => deps.clock.sleep(POLL_EVERY_MS, signal),
        onEnd: () => {
          followers.delete(follower);
          if (followers.size === 0) reader.stop();
        },
      });
      followers.add(follower);
      reader.start();
      return follower.iterator;
    },
    close() {
      reader.stop();
      for (const follower of [...followers]) follower.end();
    },
  };
}

function createPageReader(db: Database): ChangeFeed['page'] {
  return async (after, limit, filter) => {
    const { oldest, newest } = await changePositions(db);
    const start = after ?? oldest - 1;
    // Behind the newest: the database was put back to an earlier state, and the caller has seen what is no longer so.
    if (start < oldest - 1 || start > newest)
      return { changes: [], gap: { resumeAfter: newest }, endPosition: newest, hasMore: false };
    const end = Math.min(newest, start + POSITIONS_PER_PAGE);
    const found = await readChanges(db, start, limit + 1, filter, end);
    const changes = found.slice(0, limit);
    const endPosition = found.length > limit ? (changes.at(-1)?.position ?? start) : end;
    return { changes, gap: null, endPosition, hasMore: endPosition < newest };
  };
}

interface LiveReader {
  /** All changes up to it have been handed out; null until it has looked for the first time. */
  position(): number | null;
  start(): void;
  stop(): void;
}

/** One reader a process, and only while someone follows: reads each change once and hands it to all. */
function createLiveReader(
  { db, wake, clock, log }: ChangeFeedDeps,
  followers: ReadonlySet<Follower>,
  newest: () => Promise<number>,
): LiveReader {
  /** One stretch of reading: from the first follower to the last. */
  interface Stretch {
    position: number | null;
    readonly over: AbortController;
  }
  let current: Stretch | null = null;

  const readOn = async (stretch: Stretch): Promise<void> => {
    if (stretch.position === null) {
      stretch.position = await newest();
      await handOut([], stretch.position, stretch.position);
    }
    for (;;) {
      const changes: StockChange[] = await readChanges(db, stretch.position, CHANGES_PER_READ);
      const [first, last] = [changes[0], changes.at(-1)];
      if (first === undefined || last === undefined || stretch.over.signal.aborted) return;
      stretch.position = last.position;
      // Where the first is not the next one, the others are no longer kept: who needed them is told by the page he then reads.
      await handOut(changes, first.position - 1, last.position);
    }
  };

  const handOut = async (changes: readonly StockChange[], from: number, to: number): Promise<void> => {
    let handed = 0;
    for (const follower of [...followers]) {
      follower.offer(changes, from, to);
      handed += 1;
      if (handed % FOLLOWERS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };

  const run = async (stretch: Stretch): Promise<void> => {
    let isFailing = false;
    while (!stretch.over.signal.aborted) {
      const pause = wakeOrTimer(wake, clock, stretch.over.signal);
      try {
        await readOn(stretch);
        isFailing = false;
      } catch (error) {
        if (!isFailing) log.warn({ err: error }, 'change feed cannot be read');
        isFailing = true;
      }
      await pause;
    }
  };

  return {
    position: () => current?.position ?? null,
    start() {
      if (current !== null) return;
      current = { position: null, over: new AbortController() };
      void run(current);
    },
    stop() {
      current?.over.abort();
      current = null;
    },
  };
}

/** Listens from now on, so that a wake during the reading is not lost. */
function wakeOrTimer(wake: Wake, clock: Clock, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  const unsubscribe = wake.onWake('changes', stop);
  signal.addEventListener('abort', stop, { once: true });
  return clock.sleep(POLL_EVERY_MS, over.signal).finally(() => {
    unsubscribe();
    signal.removeEventListener('abort', stop);
  });
}
