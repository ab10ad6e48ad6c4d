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

export function createFollower(deps: FollowerDeps): Follower {
  const matches = matcherOf(deps.filter);
  const ended = new AbortController();
  const outbox = createOutbox();
  /** All up to it is delivered, queued, or does not fit the filter. Null until it has begun. */
  let position: number | null = null;
  let hasCaughtUp = false;
  let isReading = false;

  const isBehind = (): boolean => position === null || !hasCaughtUp || position < (deps.livePosition() ?? 0);

  /** Begins; after that reads from the table only what is asked for. */
  const readOn = async (): Promise<void> => {
    if (isReading || ended.signal.aborted) return;
    isReading = true;
    do {
      try {
        if (position === null) position = await deps.start();
        else await readPage(position);
      } catch {
        await deps.pause(ended.signal);
      }
    } while (!ended.signal.aborted && isBehind() && outbox.isWaitedFor());
    isReading = false;
  };

  const readPage = async (after: number): Promise<void> => {
    const { changes, gap, endPosition, hasMore } = await deps.page(after, CHANGES_PER_READ, deps.filter);
    position = endPosition;
    hasCaughtUp = !hasMore;
    outbox.put(gap === null ? changes.map((change) => ({ change })) : [{ gap }]);
  };

  const readIfBehind = (): void => {
    if (isBehind() && outbox.isWaitedFor()) void readOn();
  };

  const offer: Follower['offer'] = (changes, from, to) => {
    const at = position;
    if (ended.signal.aborted || isReading || at === null || to <= at) return;
    const fitting = changes.filter((change) => change.position > at && matches(change));
    if (from <= at && outbox.size() + fitting.length <= QUEUE_LIMIT) {
      position = to;
      outbox.put(fitting.map((change) => ({ change })));
    }
    readIfBehind();
  };

  const end = (): void => {
    if (ended.signal.aborted) return;
    ended.abort();
    outbox.end();
    deps.onEnd();
  };

  const next = (): Promise<IteratorResult<FeedItem>> => {
    const item = outbox.take();
    readIfBehind();
    return item;
  };

  void readOn();
  return { offer, end, iterator: iteratorOver(next, end) };
}

/** An explicit iterator: an async generator's `return()` would wait for the next change before it ends. */
function iteratorOver(next: () => Promise<IteratorResult<FeedItem>>, end: () => void): AsyncIterableIterator<FeedItem> {
  return {
    next,
    return() {
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Items on one side, those who wait for one on the other; at any time one side is empty. */
interface Outbox {
  put(items: readonly FeedItem[]): void;
  take(): Promise<IteratorResult<FeedItem>>;
  size(): number;
  isWaitedFor(): boolean;
  /** Drops the items and tells whoever waits, now and later, that there are no more. */
  end(): void;
}

function createOutbox(): Outbox {
  const waiting: ((result: IteratorResult<FeedItem>) => void)[] = [];
  let items: FeedItem[] = [];
  let hasEnded = false;
  return {
    put(more) {
      if (hasEnded) return;
      for (const value of more) {
        const waiter = waiting.shift();
        if (waiter === undefined) items.push(value);
        else waiter({ done: false, value });
      }
    },
    take: () =>
      new Promise((resolve) => {
        const value = items.shift();
        if (hasEnded) resolve({ done: true, value: undefined });
        else if (value === undefined) waiting.push(resolve);
        else resolve({ done: false, value });
      }),
    size: () => items.length,
    isWaitedFor: () => waiting.length > 0,
    end() {
      hasEnded = true;
      items = [];
      for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined });
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
