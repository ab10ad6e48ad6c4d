import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StockChange } from '../../src/domain/change.ts';
import { systemClock } from '../../src/domain/clock.ts';
import type { StockObservation } from '../../src/domain/observation.ts';
import { exactly } from '../../src/domain/quantity.ts';
import { createChangeFeed } from '../../src/inventory/change-feed.ts';
import type { ChangeFeed, FeedItem } from '../../src/inventory/change-feed.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import type { Recorder } from '../../src/inventory/record.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import { createTestDatabase } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

const WRITERS = 4;
const RECORDINGS = 30;
const OFFERS = 8;

/** On MariaDB, where transactions run beside each other; SQLite has one at a time. */
describe('G8', () => {
  let test: TestDatabase;
  let writers: { db: Database; recorder: Recorder }[] = [];
  let feed: ChangeFeed;
  const wake = memoryWake();
  beforeAll(async () => {
    test = await createTestDatabase('mysql');
    feed = createChangeFeed({ db: test.db, wake, clock: systemClock, log: pino({ level: 'silent' }) });
    writers = Array.from({ length: WRITERS }, () => {
      const db = openDatabase({ url: test.url, poolSize: 2 });
      return { db, recorder: createRecorder({ db, wake, clock: systemClock }) };
    });
  });
  afterAll(async () => {
    feed.close();
    for (const { db } of writers) await db.close();
    await test.remove();
  });

  const writer = (n: number): Recorder => {
    const found = writers[n];
    if (found === undefined) throw new Error(`there is no writer ${n}`);
    return found.recorder;
  };

  it('a change is visible to subscribers only after commit, exactly once per cursor, none skipped', async () => {
    const start = await feed.newest();
    const early = feed.follow(start, {});
    const made: StockChange[] = [];
    const seen = take(early, WRITERS * RECORDINGS * OFFERS);
    await Promise.all(
      writers.map(async ({ recorder }, n) => {
        for (let round = 0; round < RECORDINGS; round += 1) {
          const observations = Array.from({ length: OFFERS }, (_, k) => stock(`w${n}`, `${k}`, round, round));
          made.push(...(await recorder.record({ cause: 'SYNC', confirmation: 'each', observations })).changes);
        }
      }),
    );
    const changes = await seen;
    expect(changes.map(({ position }) => position)).toEqual(changes.map((_, n) => start + n + 1));
    expect(changes).toEqual(made.sort((a, b) => a.position - b.position));
    await early.return?.();
    // Whoever comes later, at any cursor, gets the same.
    for (const at of [0, 1, 499, changes.length - 1])
      expect(await take(feed.follow(start + at, {}), changes.length - at)).toEqual(changes.slice(at));
  });

  it('shows nothing of a recording that is not committed, and skips nothing when it commits late', async () => {
    const start = await feed.newest();
    const follower = feed.follow(start, {});
    const hold = deferred();
    const isWritten = deferred();
    const late = writer(0).record({
      cause: 'SYNC',
      confirmation: 'each',
      observations: [stock('late', 'slow', 1, 5)],
      alongside: async () => {
        isWritten.resolve();
        await hold.promise;
      },
    });
    await isWritten.promise;
    const prompt = await writer(1).record({
      cause: 'SYNC',
      confirmation: 'each',
      observations: [stock('late', 'quick', 1, 6)],
    });
    expect(await take(follower, 1, false)).toEqual(prompt.changes);
    const page = await feed.page(start, 10, {});
    expect(page.changes).toEqual(prompt.changes);
    hold.resolve();
    const recorded = await late;
    expect(await take(follower, 1)).toEqual(recorded.changes);
    expect(recorded.changes[0]?.position).toBe(start + 2);
    expect(page.endPosition).toBe(start + 1);
  });

  it('gives no position to a recording that is rolled back', async () => {
    const start = await feed.newest();
    const failing = writer(0).record({
      cause: 'SYNC',
      confirmation: 'each',
      observations: [stock('back', 'gone', 1, 5)],
      alongside: () => Promise.reject(new Error('the lease is lost')),
    });
    await expect(failing).rejects.toThrow('the lease is lost');
    const next = await writer(1).record({
      cause: 'SYNC',
      confirmation: 'each',
      observations: [stock('back', 'next', 1, 5)],
    });
    expect(next.changes.map(({ position }) => position)).toEqual([start + 1]);
    expect((await feed.page(start, 10, {})).changes).toEqual(next.changes);
  });
});

async function take(items: AsyncIterableIterator<FeedItem>, count: number, isLast = true): Promise<StockChange[]> {
  const changes: StockChange[] = [];
  while (changes.length < count) {
    const { value, done } = (await items.next()) as IteratorResult<FeedItem, undefined>;
    if (done === true || !('change' in value)) throw new Error('the feed ended, or has a gap');
    changes.push(value.change);
  }
  if (isLast) await items.return?.();
  return changes;
}

function stock(supplier: string, supplierPartNumber: string, version: number, quantity: number): StockObservation {
  const time = { version, observedAt: version, sourceAsOf: null };
  const levels = [{ location: '01', quantity: exactly(quantity) }];
  return { kind: 'stock', supplier, supplierPartNumber, time, levels, complete: true };
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
