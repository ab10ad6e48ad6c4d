import type { Logger } from 'pino';
import type { StockChange } from '../domain/change.ts';
import type { Clock } from '../domain/clock.ts';
import type { Wake } from '../redis/wake.ts';
import { changePositions, readChanges } from '../store/changes.ts';
import type { ChangeFilter } from '../store/changes.ts';
import type { Database } from '../store/database.ts';
import { createFollower } from './change-follower.ts';
import type { FeedItem, Follower } from './change-follower.ts';
import { createPageReader } from './change-page.ts';
import type { ReadPage } from './change-page.ts';

export type { ChangeFilter } from '../store/changes.ts';
export type { FeedItem } from './change-follower.ts';
export type { ChangeGap, ChangePage } from './change-page.ts';

/** The stock changes in the order they were committed, for those who follow and those who poll. */
export interface ChangeFeed {
  /** The last position given; 0 before the first. */
  newest(): Promise<number>;
  /**
   * Changes behind `after` (null: from now on), then live ones, each once, in order. A position that is no longer kept gives one gap.
   * Ends by `return()`, at once, or when the feed is closed.
   */
  follow(after: number | null, filter: ChangeFilter): AsyncIterableIterator<FeedItem>;
  readonly page: ReadPage;
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
