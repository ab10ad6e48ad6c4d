import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StockChange } from '../../src/domain/change.ts';
import { systemClock } from '../../src/domain/clock.ts';
import { partId } from '../../src/domain/identity.ts';
import type { Observation } from '../../src/domain/observation.ts';
import { exactly } from '../../src/domain/quantity.ts';
import { createChangeFeed } from '../../src/inventory/change-feed.ts';
import type { ChangeFeed, FeedItem } from '../../src/inventory/change-feed.ts';
import { createFollower } from '../../src/inventory/change-follower.ts';
import { createPageReader } from '../../src/inventory/change-page.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import type { Recorder } from '../../src/inventory/record.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import type { Wake } from '../../src/redis/wake.ts';
import { pruneChanges } from '../../src/store/changes.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

describe.each(DIALECTS)('the change feed on %s', (dialect) => {
  let test: TestDatabase;
  let feed: ChangeFeed;
  let recorder: Recorder;
  let listeners = 0;
  let version = 0;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
  });
  beforeEach(() => {
    const wake = counted(memoryWake(), (more) => (listeners += more));
    listeners = 0;
    feed = createChangeFeed({ db: test.db, wake, clock: systemClock, log: pino({ level: 'silent' }) });
    recorder = createRecorder({ db: test.db, wake, clock: systemClock });
  });
  afterEach(() => feed.close());
  afterAll(() => test.remove());

  const change = async (count: number, supplier = 'one'): Promise<readonly StockChange[]> => {
    version += 1;
    const observations = Array.from({ length: count }, (_, n) => stock(supplier, `${n}`, version));
    return (await recorder.record({ cause: 'SYNC', confirmation: 'each', observations })).changes;
  };

  it('tells a follower from now on what changes from now on', async () => {
    await change(3);
    const follower = feed.follow(null, {});
    const next = follower.next();
    await settled();
    const made = await change(2);
    expect(await next).toEqual({ done: false, value: { change: made[0] } });
    expect(await take(follower, 1)).toEqual(made.slice(1));
  });

  it('goes on behind a position and then live, without a seam', async () => {
    const start = await feed.newest();
    const old = await change(600);
    const follower = feed.follow(start, {});
    const first = await take(follower, 300);
    const more = await change(400);
    const rest = await take(follower, 700);
    const last = await change(1);
    expect([...first, ...rest, ...(await take(follower, 1))]).toEqual([...old, ...more, ...last]);
  });

  it('gives each follower what fits its filter', async () => {
    const start = await feed.newest();
    const listed: Observation = {
      ...stock('two', 'p', 1),
      kind: 'catalog',
      brand: 'Lucas',
      partNumber: '1',
      title: null,
      packQuantity: 1,
      discontinued: false,
      supersededBy: null,
    };
    await recorder.record({ cause: 'SYNC', confirmation: 'each', observations: [listed] });
    const ofSupplier = feed.follow(start, { suppliers: ['two'] });
    const ofPart = feed.follow(null, { partIds: [partId('Lucas', '1')] });
    const nothing = feed.follow(start, { partIds: [] });
    const waiting = nothing.next();
    await settled();
    await change(5);
    version += 1;
    const observations = [stock('two', 'other', version), stock('two', 'p', version)];
    const { changes } = await recorder.record({ cause: 'SYNC', confirmation: 'each', observations });
    await change(5);
    expect(await take(ofSupplier, 2)).toEqual(changes);
    expect(await take(ofPart, 1)).toEqual(changes.filter((one) => one.partId !== null));
    await nothing.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('says once that changes are no longer kept, and goes on behind the gap', async () => {
    const start = await feed.newest();
    const made = await change(40);
    expect(await pruneChanges(test.db, start + 21)).toBeGreaterThanOrEqual(20);
    const newest = start + 40;
    const follower = feed.follow(start + 5, {});
    expect(await follower.next()).toEqual({ done: false, value: { gap: { resumeAfter: newest } } });
    const more = await change(2);
    expect(await take(follower, 2)).toEqual(more);
    expect(await take(feed.follow(start + 20, {}), 22)).toEqual([...made.slice(20), ...more]);
    expect(await feed.page(start + 5, 10, {})).toMatchObject({ changes: [], gap: { resumeAfter: newest + 2 } });
    expect((await feed.page(null, 3, {})).changes).toEqual(made.slice(20, 23));
  });

  it('answers a position that was never given with a gap', async () => {
    const newest = await feed.newest();
    expect(await feed.page(newest + 7, 10, {})).toEqual({
      changes: [],
      gap: { resumeAfter: newest },
      endPosition: newest,
      hasMore: false,
    });
  });

  it('gives pages that join, and an end position where nothing fits', async () => {
    const start = await feed.newest();
    const made = await change(25);
    const first = await feed.page(start, 10, {});
    const second = await feed.page(first.endPosition, 10, {});
    const third = await feed.page(second.endPosition, 10, {});
    expect([...first.changes, ...second.changes, ...third.changes]).toEqual(made);
    expect([first.hasMore, second.hasMore, third.hasMore]).toEqual([true, true, false]);
    expect(await feed.page(start, 10, { suppliers: ['nobody'] })).toEqual({
      changes: [],
      gap: null,
      endPosition: start + 25,
      hasMore: false,
    });
  });

  it('keeps a bounded number for a slow follower, who then reads the rest from the table', async () => {
    const start = await feed.newest();
    const page = createPageReader(test.db);
    let pages = 0;
    let live = start;
    const follower = createFollower({
      filter: {},
      start: () => Promise.resolve(start),
      page: (...ask) => {
        pages += 1;
        return page(...ask);
      },
      livePosition: () => live,
      pause: () => settled(),
      onEnd: () => undefined,
    });
    // Begun, and caught up with an empty feed.
    const first = follower.iterator.next();
    await settled();
    const made: StockChange[] = [];
    for (let batch = 0; batch < 4; batch += 1) {
      const changes = await change(500);
      const from = live;
      live += changes.length;
      follower.offer(changes, from, live);
      made.push(...changes);
    }
    expect(await first).toEqual({ done: false, value: { change: made[0] } });
    const before = pages;
    expect(await take(follower.iterator, 999)).toEqual(made.slice(1, 1_000));
    expect(pages).toBe(before);
    expect(await take(follower.iterator, 1_000)).toEqual(made.slice(1_000));
    expect(pages).toBeGreaterThan(before);
  });

  it('does not let a slow follower hold up a quick one', async () => {
    const start = await feed.newest();
    const slow = feed.follow(start, {});
    const quick = feed.follow(start, {});
    const made: StockChange[] = [];
    for (let batch = 0; batch < 3; batch += 1) {
      made.push(...(await change(900)));
      expect(await take(quick, 900)).toEqual(made.slice(-900));
    }
    expect(await take(slow, made.length)).toEqual(made);
  });

  it('ends at once when it is told to, and leaves no listener behind', async () => {
    const followers = Array.from({ length: 20 }, () => feed.follow(null, {}));
    const waiting = followers.map((follower) => follower.next());
    await settled();
    expect(listeners).toBe(1);
    for (const follower of followers) await follower.return?.();
    expect(await Promise.all(waiting)).toEqual(followers.map(() => ({ done: true, value: undefined })));
    expect(await followers[0]?.next()).toEqual({ done: true, value: undefined });
    await settled();
    expect(listeners).toBe(0);
  });

  it('ends its followers when it is closed', async () => {
    const waiting = feed.follow(null, {}).next();
    feed.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('can be followed by `for await` and left by `break`', async () => {
    const start = await feed.newest();
    const made = await change(5);
    const seen: StockChange[] = [];
    for await (const item of feed.follow(start, {})) {
      if ('change' in item) seen.push(item.change);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(made.slice(0, 3));
    await settled();
    expect(listeners).toBe(0);
  });
});

async function take(items: AsyncIterableIterator<FeedItem>, count: number): Promise<StockChange[]> {
  const changes: StockChange[] = [];
  while (changes.length < count) {
    const { value, done } = (await items.next()) as IteratorResult<FeedItem, undefined>;
    if (done === true || !('change' in value)) throw new Error('the feed ended, or has a gap');
    changes.push(value.change);
  }
  return changes;
}

function stock(supplier: string, supplierPartNumber: string, version: number): Observation {
  const time = { version, observedAt: version, sourceAsOf: null };
  return {
    kind: 'stock',
    supplier,
    supplierPartNumber,
    time,
    levels: [{ location: '01', quantity: exactly(version) }],
    complete: true,
  };
}

function counted(wake: Wake, count: (more: number) => void): Wake {
  return {
    ...wake,
    onWake(topic, listener) {
      const end = wake.onWake(topic, listener);
      count(1);
      return () => {
        count(-1);
        end();
      };
    },
  };
}

/** Lets what is under way get to where it waits. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}
