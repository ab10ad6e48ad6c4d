import type { StockChange } from '../domain/change.ts';
import type { ChangeFilter } from '../store/changes.ts';
import type { ChangeGap, ReadPage } from './change-page.ts';

export type FeedItem = { readonly change: StockChange } | { readonly gap: ChangeGap };

/** One who follows the change feed at his own pace. */
export interface Follower {
  readonly iterator: AsyncIterableIterator<FeedItem>;
  /** Takes the changes behind `from` up to `to` where it is just there and has room; else it will read them from the table itself. */
  offer(changes: readonly StockChange[], from: number, to: number): void;
  /** Ends it at once: nothing more is delivered, whoever waits is told. */
  end(): void;
}

export interface FollowerDeps {
  readonly filter: ChangeFilter;
  /** Behind which position to begin; asked at once, again where it fails. */
  readonly start: () => Promise<number>;
  readonly page: ReadPage;
  /** Up to where changes have been offered; null where nothing is known yet. */
  readonly livePosition: () => number | null;
  /** A pause after the table could not be read. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
  readonly onEnd: () => void;
}

/** Items waiting for a slow follower; past it nothing is kept for him, and he reads on from the table when he asks. */
const QUEUE_LIMIT = 1_000;
const CHANGES_PER_READ = 250;

/** An explicit iterator: an async generator's `return()` would wait for the next change before it ends. */
export function createFollower(deps: FollowerDeps): Follower {
  const matches = matcherOf(deps.filter);
  const ended = new AbortController();
  const waiting: ((result: IteratorResult<FeedItem>) => void)[] = [];
  let queue: FeedItem[] = [];
  /** All up to it is delivered, queued, or does not fit the filter. Null until it has begun. */
  let position: number | null = null;
  let hasCaughtUp = false;
  let isReading = false;

  const deliver = (): void => {
    while (waiting.length > 0 && queue.length > 0) {
      const value = queue.shift();
      if (value !== undefined) waiting.shift()?.({ done: false, value });
    }
    if (waiting.length > 0) void readOn();
  };

  const isBehind = (): boolean => position === null || !hasCaughtUp || position < (deps.livePosition() ?? 0);

  const readOn = async (): Promise<void> => {
    if (isReading || ended.signal.aborted) return;
    isReading = true;
    while (!ended.signal.aborted && isBehind() && queue.length === 0) {
      try {
        if (position === null) position = await deps.start();
        else await readPage(position);
      } catch {
        await deps.pause(ended.signal);
      }
      if (waiting.length === 0) break;
    }
    isReading = false;
    if (queue.length > 0) deliver();
  };

  const readPage = async (after: number): Promise<void> => {
    const { changes, gap, endPosition, hasMore } = await deps.page(after, CHANGES_PER_READ, deps.filter);
    if (ended.signal.aborted) return;
    queue = gap === null ? changes.map((change) => ({ change })) : [{ gap }];
    position = endPosition;
    hasCaughtUp = !hasMore;
  };

  const end = (): void => {
    if (ended.signal.aborted) return;
    ended.abort();
    queue = [];
    for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined });
    deps.onEnd();
  };

  const offer: Follower['offer'] = (changes, from, to) => {
    const at = position;
    if (ended.signal.aborted || isReading || at === null || to <= at) return;
    const fitting = from <= at ? changes.filter((change) => change.position > at && matches(change)) : [];
    if (from <= at && queue.length + fitting.length <= QUEUE_LIMIT) {
      for (const change of fitting) queue.push({ change });
      position = to;
    }
    deliver();
  };

  void readOn();
  return {
    offer,
    end,
    iterator: {
      next: () =>
        new Promise((resolve) => {
          if (ended.signal.aborted) return resolve({ done: true, value: undefined });
          waiting.push(resolve);
          deliver();
        }),
      return() {
        end();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
  };
}

function matcherOf(filter: ChangeFilter): (change: StockChange) => boolean {
  const parts = filter.partIds && new Set(filter.partIds);
  const suppliers = filter.suppliers && new Set(filter.suppliers);
  return (change) =>
    (parts === undefined || (change.partId !== null && parts.has(change.partId))) &&
    (suppliers === undefined || suppliers.has(change.supplier));
}
