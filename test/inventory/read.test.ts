import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { offerId, partId } from '../../src/domain/identity.ts';
import type { Observation } from '../../src/domain/observation.ts';
import type { Part } from '../../src/domain/part.ts';
import { exactly } from '../../src/domain/quantity.ts';
import type { OfferStockView } from '../../src/inventory/availability.ts';
import type { FreshnessWish } from '../../src/inventory/freshness-policy.ts';
import { createReader, type Reader } from '../../src/inventory/read.ts';
import { createRecorder, type Recorder } from '../../src/inventory/record.ts';
import { createRefresher } from '../../src/inventory/refresh.ts';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import { memoryAnswerCache, type AnswerCache } from '../../src/redis/answer-cache.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { changeFeedState, ensureFeedState } from '../../src/store/feed-states.ts';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';
import {
  byHand,
  createAskedSupplier,
  createTurnedClock,
  FRESH_FOR_MS,
  gateNotingTerms,
  type AskedSupplier,
  type TurnedClock,
} from './asked-supplier.ts';

const KEY = '14E4289';
const WAIT: FreshnessWish = { maxAgeMs: null, onStale: 'WAIT_THEN_SERVE', waitUpToMs: 5_000 };
const SERVE: FreshnessWish = { ...WAIT, onStale: 'SERVE_AND_REVALIDATE' };

let store: TestDatabase;
let supplier: AskedSupplier;
let clock: TurnedClock;
let cache: AnswerCache;
let recorder: Recorder;
let reader: Reader;
beforeAll(async () => {
  store = await createTestDatabase('sqlite');
});
beforeEach(() => {
  supplier = createAskedSupplier(`s-${randomUUID().slice(0, 8)}`);
  clock = createTurnedClock();
  cache = memoryAnswerCache();
  recorder = createRecorder({ db: store.db, wake: memoryWake(), clock });
  reader = newReader();
});
afterAll(() => store.remove());

/** The read path of one process. */
function newReader(db = store.db, into = recorder): Reader {
  const { connected } = supplier;
  const log = pino({ level: 'silent' });
  const refresher = createRefresher({
    suppliers: [connected],
    gate: gateNotingTerms(),
    recorder: into,
    cache,
    clock,
    log,
  });
  return createReader({ db, refresher, profiles: new Map([[connected.id, connected.connection.profile]]), clock });
}

/** The copy after a full run that saw the part. */
async function storeStock(quantity: number, version: number, key = KEY): Promise<void> {
  const said = { supplier: supplier.connected.id, supplierPartNumber: key };
  const time = { version, observedAt: clock.now(), sourceAsOf: version };
  const observations: Observation[] = [
    {
      ...said,
      kind: 'catalog',
      time,
      brand: said.supplier,
      partNumber: KEY,
      title: null,
      packQuantity: 1,
      discontinued: false,
      supersededBy: null,
    },
    { ...said, kind: 'stock', time, levels: [{ location: '01', quantity: exactly(quantity) }], complete: true },
  ];
  const fullStockRunStartedAt = clock.now();
  await recorder.record({ cause: 'SYNC', confirmation: 'each', observations, fullStockRunStartedAt });
}

function hold(quantity: number, version: number, key = KEY): void {
  supplier.held.set(key, { version, quantity });
}

async function readStock(wish: FreshnessWish, from = reader, key = KEY): Promise<OfferStockView> {
  const session = from.session();
  const offer = await session.offer(offerId(supplier.connected.id, key));
  if (offer === null) throw new Error(`no offer ${key}`);
  return session.offerStock(offer, wish);
}

async function readPart(): Promise<Part> {
  const part = await reader.session().part(partId(supplier.connected.id, KEY));
  if (part === null) throw new Error('no part');
  return part;
}

const quantitiesOf = (view: OfferStockView): unknown[] => view.levels.map(({ quantity }) => quantity);
const stale = (): void => clock.turn(FRESH_FOR_MS + 1);

describe('a stored value', () => {
  it('is the answer while it is fresh, and nobody is called', async () => {
    await storeStock(3, 2_000);
    clock.turn(FRESH_FOR_MS);
    const view = await readStock(WAIT);
    expect(view).toMatchObject({ isListed: true, freshness: { status: 'FRESH', origin: 'COPY', ageMs: FRESH_FOR_MS } });
    expect(supplier.calls).toEqual([]);
  });

  it('is served at once while it is asked for anew behind', async () => {
    await storeStock(3, 2_000);
    hold(4, 3_000);
    stale();
    const before = await readStock(SERVE);
    expect([quantitiesOf(before), before.freshness]).toMatchObject([
      [exactly(3)],
      { status: 'STALE', reason: 'REVALIDATING' },
    ]);
    await vi.waitFor(async () => expect(quantitiesOf(await readStock(SERVE))).toEqual([exactly(4)]));
    expect(supplier.calls).toHaveLength(1);
  });

  it('is served with the reason where the supplier fails, and where it is too slow', async () => {
    await storeStock(3, 2_000);
    stale();
    supplier.script = () => Promise.reject(new CallFailed('unreachable', 'gone'));
    const failed = await readStock(WAIT);
    expect([quantitiesOf(failed), failed.freshness.reason]).toEqual([[exactly(3)], 'SUPPLIER_UNREACHABLE']);
    clock.turn(2_000);
    const { kept, keep } = byHand();
    supplier.script = (answer) => kept.then(() => answer);
    const late = await readStock({ ...WAIT, waitUpToMs: 60 });
    expect([quantitiesOf(late), late.freshness.reason]).toEqual([[exactly(3)], 'TIMED_OUT']);
    keep();
  });

  it('is an error only where a live answer is required', async () => {
    await storeStock(3, 2_000);
    stale();
    supplier.script = () => Promise.reject(new CallFailed('unreachable', 'gone'));
    await expect(readStock({ ...WAIT, onStale: 'LIVE_REQUIRED' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringContaining('SUPPLIER_UNREACHABLE') as string,
    });
    clock.turn(2_000);
    await expect(readStock({ ...WAIT, onStale: 'CACHE_ONLY' })).resolves.toMatchObject({
      freshness: { status: 'STALE', reason: 'CACHE_ONLY' },
    });
  });
});

describe('an answer behind the copy', () => {
  beforeEach(async () => {
    await storeStock(3, 2_000);
    hold(7, 1_000);
    stale();
  });

  it('never overrules it: the supplier was asked now, and the newest that it ever said holds', async () => {
    const view = await readStock(WAIT);
    expect(quantitiesOf(view)).toEqual([exactly(3)]);
    const asked = { status: 'FRESH', reason: null, observedAt: clock.now(), sourceAsOf: 2_000 };
    expect(view.freshness).toMatchObject({ ...asked, origin: 'LIVE' });
    expect(view.levels[0]?.freshness).toMatchObject({ status: 'FRESH', observedAt: clock.now(), sourceAsOf: 2_000 });
  });

  it('spends one call as long as it is fresh, in all processes', async () => {
    const other = newReader();
    const views = [await readStock(WAIT), await readStock(WAIT), await readStock(WAIT, other)];
    expect(views.map(quantitiesOf)).toEqual(Array(3).fill([exactly(3)]));
    expect(views.map(({ freshness }) => [freshness.status, freshness.origin])).toEqual([
      ['FRESH', 'LIVE'],
      ['FRESH', 'CACHE'],
      ['FRESH', 'CACHE'],
    ]);
    expect(supplier.calls).toHaveLength(1);
  });

  it('is itself the answer where the copy has nothing newer', async () => {
    hold(8, 2_001);
    expect(quantitiesOf(await readStock(WAIT))).toEqual([exactly(8)]);
  });
});

describe('while the store is away', () => {
  /** Reads parts, then cannot be reached. */
  async function readAway(): Promise<OfferStockView> {
    const away = await createTestDatabase('sqlite');
    const into = createRecorder({ db: away.db, wake: memoryWake(), clock });
    const session = newReader(store.db, into).session();
    const offer = await session.offer(offerId(supplier.connected.id, KEY));
    await away.db.knex.schema.dropTable('stock_levels');
    if (offer === null) throw new Error('no offer');
    const view = await session.offerStock(offer, WAIT);
    await away.remove();
    return view;
  }

  it('a newer answer is given although it cannot be recorded', async () => {
    await storeStock(3, 2_000);
    hold(8, 3_000);
    stale();
    const view = await readAway();
    expect([quantitiesOf(view), view.freshness.status, view.freshness.origin]).toEqual([[exactly(8)], 'FRESH', 'LIVE']);
    expect(quantitiesOf(await readStock({ ...WAIT, onStale: 'CACHE_ONLY' }))).toEqual([exactly(3)]);
  });

  it('"no such part" is given although it cannot be recorded', async () => {
    await storeStock(3, 2_000);
    stale();
    expect(await readAway()).toMatchObject({ isListed: false, levels: [], freshness: { status: 'FRESH' } });
  });
});

describe('availability', () => {
  it('goes by what the refresh has found: a part that is gone is out of stock in this very answer', async () => {
    await storeStock(3, 2_000);
    stale();
    const part = await readPart();
    expect(part.offers).toMatchObject([{ listed: true }]);
    const view = await reader.session().availability(part, WAIT);
    expect(view).toMatchObject({ state: 'OUT_OF_STOCK', quantity: null, freshness: { status: 'FRESH' } });
  });

  it('and a part that is back is not', async () => {
    await storeStock(3, 2_000);
    clock.turn(1);
    const said = { supplier: supplier.connected.id, supplierPartNumber: KEY };
    const time = { version: clock.now(), observedAt: clock.now(), sourceAsOf: null };
    await recorder.record({
      cause: 'REFRESH',
      confirmation: 'each',
      observations: [{ ...said, kind: 'absence', time }],
    });
    hold(5, 3_000);
    stale();
    const part = await readPart();
    expect(part.offers).toMatchObject([{ listed: false }]);
    expect(await reader.session().availability(part, WAIT)).toMatchObject({ state: 'IN_STOCK', quantity: 5 });
  });
});

describe('a refusal', () => {
  it('of one bad record leaves the supplier’s other parts refreshable', async () => {
    await storeStock(3, 2_000);
    await storeStock(4, 2_000, 'bad');
    hold(6, 3_000);
    stale();
    supplier.script = ({ observations, rejections }) => ({
      observations: observations.filter((each) => each.supplierPartNumber !== 'bad'),
      rejections,
    });
    expect((await readStock(WAIT, reader, 'bad')).freshness.reason).toBe('SUPPLIER_ANSWER_UNUSABLE');
    expect(quantitiesOf(await readStock(WAIT))).toEqual([exactly(6)]);
  });

  it('holds back who cannot wait for its end, and nobody else', async () => {
    await storeStock(3, 2_000);
    hold(6, 3_000);
    stale();
    const retryAt = clock.now() + 1_000;
    supplier.script = (answer, call) =>
      call === 1 ? Promise.reject(new CallFailed('notNow', 'no permit', { retryAt })) : answer;
    await readStock({ ...WAIT, waitUpToMs: 100 });
    const impatient = await readStock({ ...WAIT, waitUpToMs: 1_000 });
    expect(impatient.freshness).toMatchObject({ reason: 'BUDGET_EXHAUSTED', retryAt });
    expect((await readStock(SERVE)).freshness).toMatchObject({ reason: 'BUDGET_EXHAUSTED', retryAt });
    expect(supplier.calls).toHaveLength(1);
    expect(quantitiesOf(await readStock(WAIT))).toEqual([exactly(6)]);
  });
});

describe('runs that do not name a part', () => {
  /** A completed incremental run that began now. */
  async function confirm(fullStartedAt: number): Promise<void> {
    const { id } = supplier.connected;
    await ensureFeedState(store.db, id, 'stock', 0);
    await changeFeedState(store.db, id, 'stock', { confirmedAt: clock.now(), fullStartedAt });
  }

  it('keep it fresh for ten times as long as an answer is; then it is asked about by name', async () => {
    const seenAt = clock.now();
    await storeStock(3, 2_000);
    clock.turn(10 * FRESH_FOR_MS);
    await confirm(seenAt);
    expect((await readStock(WAIT)).freshness).toMatchObject({ status: 'FRESH', origin: 'COPY', ageMs: 0 });
    clock.turn(1_000);
    await confirm(seenAt);
    const old = await readStock({ ...WAIT, onStale: 'CACHE_ONLY' });
    expect(old.freshness).toMatchObject({ status: 'STALE', observedAt: seenAt });
    // It was removed in silence.
    expect(await readStock(WAIT)).toMatchObject({ isListed: false, levels: [], freshness: { status: 'FRESH' } });
    expect(supplier.calls).toEqual([[KEY]]);
  });
});
