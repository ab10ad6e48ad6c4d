import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { offerId } from '../../src/domain/identity.ts';
import type { Rejection } from '../../src/domain/observation.ts';
import { exactly } from '../../src/domain/quantity.ts';
import type { Page } from '../../src/connectors/connector.ts';
import { createReader } from '../../src/inventory/read.ts';
import type { Reader } from '../../src/inventory/read.ts';
import { createRefresher } from '../../src/inventory/refresh.ts';
import { memoryAnswerCache } from '../../src/redis/answer-cache.ts';
import { readFeedState } from '../../src/store/feed-states.ts';
import { runFeed } from '../../src/sync/run.ts';
import type { SyncDeps } from '../../src/sync/run.ts';
import type { SyncMode } from '../../src/store/sync-runs.ts';
import { silentLog } from '../outbound/connections.ts';
import { createScriptedSupplier } from '../sync/scripted-supplier.ts';
import type { ScriptedSupplier } from '../sync/scripted-supplier.ts';
import { createSyncDeps, readCopy } from '../sync/sync-deps.ts';
import { createMovableClock } from '../sync/test-clock.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

const MINUTE_MS = 60_000;
/** What changed this long ago is not named again by the next run. */
const BEYOND_OVERLAP_MS = 10_000;
const BAD = 'k3';
const FINE = 'k1';

/** What a run says of what it does not name, and when it may say nothing. */
describe.each(DIALECTS)('a silent run on %s', (dialect) => {
  let test: TestDatabase;
  let clock = createMovableClock();
  let trial = 0;
  let supplier: ScriptedSupplier;
  let deps: SyncDeps;
  let reader: Reader;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
  });
  afterAll(() => test.remove());
  beforeEach(async () => {
    trial += 1;
    clock = createMovableClock();
    supplier = createScriptedSupplier({ clock, id: `s${trial}`, profile: { expireAfterSeconds: 86_400 } });
    deps = createSyncDeps(test.db, clock, [supplier]);
    reader = createReader({
      db: test.db,
      clock,
      profiles: new Map([[supplier.connected.id, supplier.connected.connection.profile]]),
      refresher: createRefresher({
        suppliers: [],
        gate: deps.gate,
        recorder: deps.recorder,
        cache: memoryAnswerCache(),
        clock,
        log: silentLog,
      }),
    });
    for (let n = 0; n < 30; n += 1) supplier.set(`k${n}`, 5);
    await run('full');
    clock.advance(2 * MINUTE_MS);
  });

  const run = async (mode: SyncMode): Promise<void> => {
    const end = await runFeed(deps, { supplier: supplier.connected.id, feed: 'stock', mode, lane: 'scheduled' });
    expect(end).toMatchObject({ state: 'done', progress: { mode } });
  };
  const status = async (key: string): Promise<string> => {
    const session = reader.session();
    const offer = await session.offer(offerId(supplier.connected.id, key));
    if (offer === null) throw new Error(`${key} is not in the copy`);
    const wish = { maxAgeMs: MINUTE_MS, onStale: 'CACHE_ONLY', waitUpToMs: null } as const;
    return (await session.offerStock(offer, wish)).freshness.status;
  };
  /** The bad row comes, but cannot be taken. */
  const unreadable =
    (key: string | null) =>
    (page: Page): Page => ({
      ...page,
      observations: page.observations.filter((one) => one.supplierPartNumber !== BAD),
      rejections: page.observations.flatMap((one): Rejection[] =>
        one.supplierPartNumber === BAD
          ? [{ supplier: one.supplier, supplierPartNumber: key, reason: 'no quantity', raw: '{}' }]
          : [],
      ),
    });
  const silentRunLater = async (): Promise<void> => {
    clock.advance(2 * MINUTE_MS);
    await run('incremental');
  };

  it('confirms what it does not name', async () => {
    expect(await status(FINE)).toBe('STALE');
    await silentRunLater();
    expect(await status(FINE)).toBe('FRESH');
  });

  it('confirms nothing of an offer whose row could not be taken, until a later answer tells its stock', async () => {
    supplier.set(BAD, 0);
    clock.advance(BEYOND_OVERLAP_MS);
    supplier.script = unreadable(BAD);
    await run('incremental');
    expect([await status(BAD), await status(FINE)]).toEqual(['STALE', 'FRESH']);
    supplier.script = (page) => page;
    await silentRunLater();
    await silentRunLater();
    expect([await status(BAD), await status(FINE)]).toEqual(['STALE', 'FRESH']);
    supplier.set(BAD, 1);
    await silentRunLater();
    await silentRunLater();
    expect(await status(BAD)).toBe('FRESH');
  });

  it('takes a row for readable again that a full run repeats', async () => {
    supplier.script = (page) => ({
      ...page,
      rejections: [{ supplier: supplier.connected.id, supplierPartNumber: BAD, reason: 'no quantity', raw: '{}' }],
    });
    await run('incremental');
    supplier.script = (page) => page;
    clock.advance(2 * MINUTE_MS);
    await run('full');
    await silentRunLater();
    expect(await status(BAD)).toBe('FRESH');
  });

  it('takes a row for readable again that a run repeats under the stored version', async () => {
    supplier.set(BAD, 4);
    supplier.script = (page) => ({
      ...page,
      rejections: [{ supplier: supplier.connected.id, supplierPartNumber: BAD, reason: 'no quantity', raw: '{}' }],
    });
    await run('incremental');
    supplier.script = (page) => page;
    clock.advance(1_000);
    await run('incremental');
    await silentRunLater();
    expect(await status(BAD)).toBe('FRESH');
  });

  it('confirms nothing of an offer whose row the database could not hold', async () => {
    supplier.script = (page) => ({
      ...page,
      observations: page.observations.map((one) =>
        one.kind === 'stock' && one.supplierPartNumber === BAD
          ? { ...one, levels: [{ location: 'x'.repeat(65), quantity: exactly(0) }] }
          : one,
      ),
    });
    supplier.set(BAD, 0);
    clock.advance(BEYOND_OVERLAP_MS);
    await run('incremental');
    await silentRunLater();
    expect([await status(BAD), await status(FINE)]).toEqual(['STALE', 'FRESH']);
  });

  it('takes a version from the future as of when it was asked for, so that the next word on the offer counts', async () => {
    const future = Date.parse('2062-01-01');
    supplier.script = (page) => ({
      ...page,
      observations: page.observations.map((one) => ({
        ...one,
        time: { ...one.time, version: future, sourceAsOf: future },
      })),
    });
    supplier.set(BAD, 9);
    await run('incremental');
    supplier.script = (page) => page;
    clock.advance(MINUTE_MS);
    supplier.set(BAD, 0);
    await run('incremental');
    expect((await readCopy(test.db, supplier.connected.id)).get(BAD)).toBe(0);
  });

  it('leaves an offer alone whose catalog row could not be taken', async () => {
    await deps.recorder.record({
      cause: 'SYNC',
      confirmation: 'feed',
      observations: [],
      rejectedKind: 'catalog',
      rejections: [{ supplier: supplier.connected.id, supplierPartNumber: BAD, reason: 'no brand', raw: '{}' }],
    });
    await silentRunLater();
    expect(await status(BAD)).toBe('FRESH');
  });

  it('confirms nothing at all where a row names no offer, and asks for the same again', async () => {
    const before = await readFeedState(test.db, supplier.connected.id, 'stock');
    supplier.set(BAD, 0);
    clock.advance(BEYOND_OVERLAP_MS);
    supplier.script = unreadable(null);
    await run('incremental');
    expect(await status(FINE)).toBe('STALE');
    expect(await readFeedState(test.db, supplier.connected.id, 'stock')).toMatchObject({
      watermark: before?.watermark,
      confirmedAt: before?.confirmedAt,
      lastError: null,
    });
    supplier.script = (page) => page;
    await silentRunLater();
    expect([await status(BAD), await status(FINE)]).toEqual(['FRESH', 'FRESH']);
  });

  it('leaves behind with a full run what never names its offer', async () => {
    supplier.set(BAD, 0);
    supplier.script = unreadable(null);
    clock.advance(BEYOND_OVERLAP_MS);
    await run('full');
    await silentRunLater();
    expect([await status(BAD), await status(FINE)]).toEqual(['STALE', 'FRESH']);
  });

  it('confirms nothing of an offer that was asked about by name and that no full run saw', async () => {
    const now = clock.now();
    await deps.recorder.record({
      cause: 'REFRESH',
      confirmation: 'each',
      observations: [
        {
          kind: 'stock',
          supplier: supplier.connected.id,
          supplierPartNumber: 'hidden',
          levels: [{ location: '01', quantity: exactly(7) }],
          complete: true,
          time: { version: now, observedAt: now, sourceAsOf: null },
        },
      ],
    });
    expect(await status('hidden')).toBe('FRESH');
    await silentRunLater();
    expect([await status('hidden'), await status(FINE)]).toEqual(['STALE', 'FRESH']);
  });

  it('confirms an offer that a full run saw with less than the copy knew', async () => {
    const now = clock.now();
    clock.advance(1_000);
    await deps.recorder.record({
      cause: 'REFRESH',
      confirmation: 'each',
      observations: [
        {
          kind: 'stock',
          supplier: supplier.connected.id,
          supplierPartNumber: FINE,
          levels: [{ location: '01', quantity: exactly(6) }],
          complete: true,
          time: { version: now + 1_000, observedAt: now + 1_000, sourceAsOf: null },
        },
      ],
    });
    await run('full');
    await silentRunLater();
    expect(await status(FINE)).toBe('FRESH');
  });
});
