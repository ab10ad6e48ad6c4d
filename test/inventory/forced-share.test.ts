import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { profile as sandboxProfile } from '../../src/connectors/sandbox/profile.ts';
import { profile as turn14Profile } from '../../src/connectors/turn14/profile.ts';
import { offerId } from '../../src/domain/identity.ts';
import type { Part } from '../../src/domain/part.ts';
import type { Limit, Profile } from '../../src/domain/profile.ts';
import { forcedCallsEachMinute } from '../../src/inventory/forced-share.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import { createRefreshJobs, createRefreshJobWorker } from '../../src/inventory/refresh-jobs.ts';
import type { RefreshJobs, RefreshJobView, RefreshJobWorker } from '../../src/inventory/refresh-jobs.ts';
import { createRefresher, type Refresher } from '../../src/inventory/refresh.ts';
import type { Authentication } from '../../src/outbound/supplier-call.ts';
import { memoryAnswerCache } from '../../src/redis/answer-cache.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { claimJob, endJob } from '../../src/store/refresh-jobs.ts';
import { createTestDatabase, DIALECTS, type TestDatabase } from '../sync/test-database.ts';
import { createAskedSupplier, createTurnedClock, gateNotingTerms } from './asked-supplier.ts';
import type { AskedSupplier, TurnedClock } from './asked-supplier.ts';

const MINUTE_MS = 60_000;
const KEYS_IN_CALL = 3;
/** 50 calls a minute, of which one caller may force 5. */
const LIMITS: readonly Limit[] = [
  { name: 'calls', scope: 'credential', counts: 'all', windows: [{ limit: 50, windowMs: MINUTE_MS }], source: 'test' },
];

describe.each(DIALECTS)('forced refreshes on %s', (dialect) => {
  let store: TestDatabase;
  let clock: TurnedClock;
  let supplier: AskedSupplier;
  let refresher: Refresher;
  let jobs: RefreshJobs;
  let worker: RefreshJobWorker;
  beforeEach(async () => {
    store = await createTestDatabase(dialect);
    clock = createTurnedClock();
    supplier = createAskedSupplier('acme', { limits: LIMITS, bulkStockKeys: KEYS_IN_CALL });
    const { db } = store;
    const [wake, cache, log] = [memoryWake(), memoryAnswerCache(), pino({ level: 'silent' })];
    const suppliers = [supplier.connected];
    const recorder = createRecorder({ db, wake, clock });
    refresher = createRefresher({ suppliers, gate: gateNotingTerms(), recorder, cache, clock, log });
    jobs = createRefreshJobs({ db, wake, clock, newId: randomUUID });
    const newId = randomUUID;
    worker = createRefreshJobWorker({ db, wake, clock, newId, refresher, suppliers, cache, log, owner: 'test' });
  });
  afterEach(async () => {
    await worker.stop();
    await store.remove();
  });

  const request = async (caller: string, keys: readonly string[]): Promise<string> => {
    for (const key of keys) supplier.held.set(key, { version: 1, quantity: 1 });
    const taken = await jobs.request({ parts: [partOf(keys)], idempotencyKey: randomUUID(), caller });
    if (!('job' in taken)) throw new Error('A new key was taken for an old one.');
    return taken.job.id;
  };
  const ended = async (id: string): Promise<RefreshJobView> => {
    for await (const view of jobs.follow(id)) if (view.endedAt !== null) return view;
    throw new Error('The job never ended.');
  };
  const statesOf = ({ results }: RefreshJobView) => results.map(({ state, reason }) => reason ?? state);

  it('of one caller in a loop take no more than its share, and none of what is left to others', async () => {
    worker.start();
    const ids: string[] = [];
    const startedAt = clock.now();
    for (let index = 0; index < 30; index += 1) {
      clock.turn(1);
      ids.push(await request('loop', [`key-${index}`]));
    }
    const other = await request('shop', ['other']);
    expect(statesOf(await ended(other))).toEqual(['REFRESHED']);
    const views = await Promise.all(ids.map(ended));
    const refused = views.filter((view) => statesOf(view)[0] === 'BUDGET_EXHAUSTED');
    expect(refused).toHaveLength(25);
    expect(supplier.calls.flat()).toHaveLength(6);
    for (const { state, results } of refused) {
      expect(state).toBe('FAILED');
      expect(results[0]?.retryAt).toBe(startedAt + 1 + MINUTE_MS);
    }
    clock.turn(MINUTE_MS);
    expect(statesOf(await ended(await request('loop', ['key-29'])))).toEqual(['REFRESHED']);
  });

  it('of more keys than the share has room for are answered as far as it goes', async () => {
    worker.start();
    const keys = Array.from({ length: 5 * KEYS_IN_CALL + 2 }, (_, index) => `key-${index}`);
    const states = statesOf(await ended(await request('shop', keys)));
    expect(states.filter((state) => state === 'REFRESHED')).toHaveLength(5 * KEYS_IN_CALL);
    expect(states.slice(-2)).toEqual(['BUDGET_EXHAUSTED', 'BUDGET_EXHAUSTED']);
    expect(supplier.calls).toHaveLength(5);
  });

  it('of a key answered within two seconds are answered by that', async () => {
    worker.start();
    await ended(await request('shop', ['key']));
    clock.turn(1_999);
    expect(statesOf(await ended(await request('another', ['key'])))).toEqual(['REFRESHED']);
    expect(supplier.calls).toHaveLength(1);
    clock.turn(1);
    await ended(await request('shop', ['key']));
    expect(supplier.calls).toHaveLength(2);
  });

  it('of a key that was answered unforced ask the supplier', async () => {
    supplier.held.set('key', { version: 1, quantity: 1 });
    const terms = { lane: 'interactive', deadline: clock.now() + 1_000, isForced: false, notBefore: 0 } as const;
    await refresher.refresh({ supplier: 'acme', supplierPartNumber: 'key' }, terms);
    worker.start();
    await ended(await request('shop', ['key']));
    expect(supplier.calls).toHaveLength(2);
  });

  it('are taken from each caller in turn, however many one of them has waiting', async () => {
    for (let index = 0; index < 3; index += 1) await request('a', [`a-${index}`]);
    for (const caller of ['b', 'B', 'c']) await request(caller, [caller]);
    const served: string[] = [];
    for (let last = ''; ;) {
      const claimed = await claimJob(store.db, 'test', clock.now(), 30_000, last);
      if (claimed === null) break;
      last = claimed.caller;
      served.push(last);
    }
    expect(served.join('')).toMatch(/^(?:B?abc?|abcB?)/);
    expect(served.slice(0, 4).sort()).toEqual(['B', 'a', 'b', 'c']);
    expect(served.slice(4)).toEqual(['a', 'a']);
  });

  it('are taken over first where an owner let them go', async () => {
    const first = await request('a', ['a']);
    await request('b', ['b']);
    await claimJob(store.db, 'gone', clock.now(), 30_000, '');
    clock.turn(30_001);
    expect(await claimJob(store.db, 'test', clock.now(), 30_000, 'a')).toEqual({ id: first, caller: 'a' });
    await endJob(store.db, first, 'test', 'DONE', clock.now());
    expect(await claimJob(store.db, 'test', clock.now(), 30_000, 'b')).toMatchObject({ caller: 'b' });
    expect(await claimJob(store.db, 'test', clock.now(), 30_000, 'b')).toBeNull();
  });
});

describe('the share of one caller', () => {
  const token: Authentication = {
    kind: 'clientCredentials',
    tokenPath: 'token',
    callClass: 'token',
    sentAs: 'json',
    clientId: () => '',
    clientSecret: () => '',
  };
  const callsWith = (profile: Profile, authentication = token): number => {
    const { connected } = createAskedSupplier('acme', profile);
    return forcedCallsEachMinute({ ...connected, connection: { ...connected.connection, authentication } });
  };

  it('is a tenth of the pace that the slowest window of an hour at most allows, tokens aside', () => {
    expect(callsWith(sandboxProfile)).toBe(60);
    // 5,000 an hour, of which 0.8 are ours: 66 a minute.
    expect(callsWith(turn14Profile)).toBe(6);
  });

  it('is a call at least, and all where nothing limits', () => {
    const limits = [{ ...(LIMITS[0] as Limit), windows: [{ limit: 1, windowMs: 900_000 }] }];
    expect(callsWith({ ...turn14Profile, limits })).toBe(1);
    expect(callsWith({ ...turn14Profile, limits: [] })).toBe(Infinity);
  });
});

let parts = 0;

function partOf(keys: readonly string[]): Part {
  return {
    id: `part-${(parts += 1)}`.padEnd(16, '0'),
    brand: 'Moog',
    partNumber: 'K-700',
    title: null,
    packQuantity: 1,
    discontinued: false,
    supersededBy: null,
    offers: keys.map((key) => ({
      id: offerId('acme', key),
      partId: null,
      supplier: 'acme',
      supplierPartNumber: key,
      title: null,
      packQuantity: 1,
      discontinued: false,
      supersededBy: null,
      listed: true,
      stockObservedAt: null,
      stockSourceAsOf: null,
      stockSeenByFullAt: null,
      levels: [],
    })) as unknown as Part['offers'],
  };
}
