import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import type { Page } from '../../src/connectors/connector.ts';
import { readDeadLetters } from '../../src/store/dead-letters.ts';
import { readFeedState } from '../../src/store/feed-states.ts';
import { takeLease } from '../../src/store/leases.ts';
import { readSyncRuns } from '../../src/store/sync-runs.ts';
import { runFeed, syncLeaseName } from '../../src/sync/run.ts';
import type { RunEnd } from '../../src/sync/progress.ts';
import type { SyncMode } from '../../src/store/sync-runs.ts';
import { createScriptedSupplier } from './scripted-supplier.ts';
import type { ScriptedSettings, ScriptedSupplier } from './scripted-supplier.ts';
import { createSyncDeps, readCopy } from './sync-deps.ts';
import { createFastClock, createMovableClock } from './test-clock.ts';
import { createTestDatabase, DIALECTS } from './test-database.ts';
import type { TestDatabase } from './test-database.ts';

const PAGES = 6;
const PAGE_SIZE = 10;
const HOUR_MS = 3_600_000;

describe.each(DIALECTS)('a run on %s', (dialect) => {
  let test: TestDatabase;
  let count = 0;
  let clock = createMovableClock();
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
  });
  beforeEach(() => {
    clock = createMovableClock();
  });
  afterAll(() => test.remove());

  it('walks a whole feed, and the watermark is where its first page was asked', async () => {
    const supplier = filled();
    const askedAt: number[] = [];
    supplier.script = (page) => {
      askedAt.push(page.askedAtSupplier);
      clock.advance(1_000);
      return page;
    };
    const end = await run(supplier, 'full');
    expect(end).toMatchObject({
      state: 'done',
      reason: null,
      progress: { pages: PAGES, rows: 60, changed: 60, rejected: 0 },
    });
    expect(await copy(supplier)).toEqual(supplier.truth);
    const state = await feedState(supplier);
    expect(state).toMatchObject({ failures: 0, lastError: null, watermark: askedAt[0] });
    expect(state?.fullCompletedAt).toBeGreaterThanOrEqual((askedAt[0] ?? 0) + 6_000);
    expect(state?.fullStartedAt).toBeLessThanOrEqual(state?.confirmedAt ?? 0);
    expect(state?.fullDueAt).toBe((state?.fullCompletedAt ?? 0) + 1.05 * HOUR_MS);
    expect((await runs(supplier)).map((one) => [one.state, one.pages, one.rows])).toEqual([['DONE', PAGES, 60]]);
  });

  it('asks a delta from the watermark less the overlap, and only moves on', async () => {
    const supplier = filled();
    await run(supplier, 'full');
    const { watermark } = (await feedState(supplier))!;
    clock.advance(10_000);
    supplier.set('p007', 700);
    supplier.set('new', 1);
    const end = await run(supplier, 'incremental');
    expect(end).toMatchObject({ state: 'done', progress: { mode: 'incremental', rows: 2, changed: 2 } });
    expect(supplier.asked.at(-1)?.since).toBe(watermark! - 2_000);
    expect(await copy(supplier)).toEqual(supplier.truth);
    const state = await feedState(supplier);
    expect(state?.watermark).toBeGreaterThanOrEqual(watermark! + 10_000);
    expect(state?.confirmedAt).toBeGreaterThanOrEqual(watermark! + 10_000);
  });

  it('keeps the watermark at our own clock where an answer says that it is later', async () => {
    const supplier = filled();
    await run(supplier, 'full');
    clock.advance(60_000);
    supplier.script = (page) => ({ ...page, askedAtSupplier: page.askedAtSupplier + 50 * 60_000 });
    await run(supplier, 'incremental');
    supplier.script = (page) => page;
    expect((await feedState(supplier))?.watermark).toBeLessThanOrEqual(clock.now() + 2_000);
    clock.advance(1_000);
    supplier.set('p007', 0);
    clock.advance(15_000);
    await run(supplier, 'incremental');
    expect((await copy(supplier)).get('p007')).toBe(0);
  });

  it('finds by the overlap what the supplier committed late', async () => {
    const supplier = filled();
    await run(supplier, 'full');
    supplier.set('late', 5);
    const hidden = supplier.truth.get('late');
    clock.advance(1_000);
    supplier.script = (page) => ({ ...page, observations: [] });
    await run(supplier, 'incremental');
    supplier.script = (page) => page;
    await run(supplier, 'incremental');
    expect((await copy(supplier)).get('late')).toBe(hidden);
  });

  it('goes on at the page that failed, whichever it was: nothing lost, at most one page repeated', async () => {
    for (let broken = 1; broken <= PAGES; broken += 1) {
      const supplier = filled();
      supplier.script = (page, n) => {
        if (n === broken) throw new CallFailed('refused', 'no');
        return page;
      };
      expect((await run(supplier, 'full')).state).toBe('failed');
      expect((await feedState(supplier))?.watermark ?? null).toBeNull();
      const recorded = (await copy(supplier)).size;
      expect(recorded).toBe((broken - 1) * PAGE_SIZE);
      expect((await run(supplier, 'full')).state).toBe('done');
      expect(await copy(supplier)).toEqual(supplier.truth);
      expect(supplier.asked.length).toBe(PAGES + 1);
      expect(supplier.asked[0]?.token).toBeNull();
      const done = (await runs(supplier)).find((one) => one.state === 'DONE');
      expect((await feedState(supplier))?.watermark).toBe(done?.firstAskedAtSupplier);
      expect(done?.firstSentAt).toBeLessThanOrEqual(done?.pageAt ?? 0);
    }
  });

  it('begins anew when the saved token is too old, and when the supplier no longer takes it', async () => {
    const supplier = filled();
    supplier.script = failAt(3, 'refused');
    await run(supplier, 'full');
    clock.advance(25 * HOUR_MS);
    supplier.script = failAt(supplier.asked.length + 3, 'refused');
    await run(supplier, 'full');
    expect(supplier.asked.map((ask) => ask.token)).toEqual([null, 'p009', 'p019', null, 'p009', 'p019']);
    supplier.script = failAt(supplier.asked.length + 1, 'broken');
    expect((await run(supplier, 'full')).state).toBe('failed');
    expect(supplier.asked.at(-1)?.token).toBe('p019');
    supplier.script = (page) => page;
    const from = supplier.asked.length;
    expect((await run(supplier, 'full')).state).toBe('done');
    expect(supplier.asked[from]?.token).toBeNull();
    expect(await copy(supplier)).toEqual(supplier.truth);
  });

  it('becomes a full run past the reach of a delta, without a watermark, and where the watermark lies ahead', async () => {
    const supplier = filled({ reachMs: 10_000 });
    expect((await run(supplier, 'incremental')).progress.mode).toBe('full');
    clock.advance(5_000);
    expect((await run(supplier, 'incremental')).progress.mode).toBe('incremental');
    clock.advance(8_001);
    expect((await run(supplier, 'incremental')).progress.mode).toBe('full');
    await test.db
      .knex('feed_states')
      .where({ supplier: idOf(supplier) })
      .update({ watermark: clock.now() + 2 * HOUR_MS });
    expect((await run(supplier, 'incremental')).progress.mode).toBe('full');
  });

  it.each([
    [
      'the same token again',
      (page: Page, n: number) => ({ ...page, nextToken: n >= 2 ? 'p009' : page.nextToken }),
      /already read/,
    ],
    ['a circle of three pages', endless((n) => `t${n % 3}`), /already read/],
    ['pages without end', endless((n) => `t${n}`), /maxPagesPerRun is 20/],
    ['the first page whatever is asked', ignoredPage(), /ignore which page/],
    ['an empty page before the end', emptyAt(3), /empty although another page follows/],
    ['nothing at all', (page: Page) => ({ ...page, observations: [], nextToken: null }), /not believed/],
  ])('stops at %s', async (_, script, reason) => {
    const supplier = filled({ profile: { maxPagesPerRun: 20 } });
    supplier.script = script;
    const end = await run(supplier, 'full');
    expect(end).toMatchObject({ state: 'failed', reason: expect.stringMatching(reason) as string });
    expect(supplier.asked.length).toBeLessThanOrEqual(20);
    const state = await feedState(supplier);
    expect(state).toMatchObject({ watermark: null, fullCompletedAt: null, failures: 1, lastError: end.reason });
    supplier.script = (page) => page;
    expect((await run(supplier, 'full')).state).toBe('done');
    const sold = [...(await copy(supplier))].filter(([key]) => supplier.truth.has(key));
    expect(new Map(sold)).toEqual(supplier.truth);
  });

  it('takes a page that is empty at the end', async () => {
    const supplier = filled();
    supplier.script = (page, n) =>
      n === PAGES + 1
        ? { ...page, observations: [], nextToken: null }
        : { ...page, nextToken: page.nextToken ?? 'p999' };
    expect((await run(supplier, 'full')).state).toBe('done');
    expect(supplier.asked.length).toBe(PAGES + 1);
  });

  it('lets a few bad records pass, and stops when they are a share and a count', async () => {
    const few = filled({}, 100);
    few.script = (page, n) => (n <= 5 ? withRejections(page, 10) : page);
    expect(await run(few, 'full')).toMatchObject({ state: 'done', progress: { rejected: 50 } });
    const many = filled({}, 100);
    many.script = (page) => withRejections(page, 10);
    const end = await run(many, 'full');
    expect(end).toMatchObject({ state: 'failed', reason: expect.stringContaining('60 of 120 rows') as string });
    expect(await feedState(many)).toMatchObject({ watermark: null, fullCompletedAt: null });
    expect((await copy(many)).size).toBe(60);
    expect((await readDeadLetters(test.db, 500)).filter((one) => one.supplier === idOf(many)).length).toBe(60);
  });

  it('does not let the last page of too many rejections move the watermark', async () => {
    const supplier = filled({}, 1);
    supplier.script = (page) => withRejections(page, 60);
    expect((await run(supplier, 'full')).state).toBe('failed');
    expect(await feedState(supplier)).toMatchObject({ watermark: null, fullCompletedAt: null });
  });

  it('keeps the raw text of an answer that is no answer, counted and not piled up', async () => {
    const supplier = filled();
    supplier.script = () => {
      throw new CallFailed('broken', 'HTML instead of JSON', { raw: '<html>' });
    };
    await run(supplier, 'full');
    await run(supplier, 'full');
    const letters = (await readDeadLetters(test.db, 1_000)).filter((one) => one.supplier === idOf(supplier));
    expect(letters).toMatchObject([
      { times: 2, raw: '<html>', reason: 'HTML instead of JSON', supplierPartNumber: null },
    ]);
    expect((await feedState(supplier))?.failures).toBe(2);
  });

  it('rolls back the page of a holder that was taken over, and stops without writing', async () => {
    const supplier = filled();
    supplier.script = async (page, n) => {
      if (n === 3) await takeOver(supplier);
      return page;
    };
    const end = await run(supplier, 'full');
    expect(end.state).toBe('leaseLost');
    expect((await copy(supplier)).size).toBe(2 * PAGE_SIZE);
    expect((await runs(supplier)).map((one) => [one.state, one.pages, one.lastError])).toEqual([['OPEN', 2, null]]);
    expect(await feedState(supplier)).toMatchObject({ lastError: null, failures: 0, watermark: null });
    expect(await run(supplier, 'full')).toMatchObject({ state: 'busy' });
  });

  it('lets one of two processes run a feed', async () => {
    const supplier = filled();
    const ends = await Promise.all([run(supplier, 'full'), run(supplier, 'full')]);
    expect(ends.map((end) => end.state).sort()).toEqual(['busy', 'done']);
    expect(supplier.asked.length).toBe(PAGES);
  });

  it('stops at the end of the page when told to, and goes on from there', async () => {
    const supplier = filled();
    const stop = new AbortController();
    supplier.script = (page, n) => {
      if (n === 2) stop.abort();
      return page;
    };
    expect((await run(supplier, 'full', stop.signal)).state).toBe('stopped');
    expect((await copy(supplier)).size).toBe(2 * PAGE_SIZE);
    expect((await feedState(supplier))?.lastError ?? null).toBeNull();
    expect(await run(supplier, 'full')).toMatchObject({ state: 'done', progress: { pages: PAGES, rows: 60 } });
    expect(supplier.asked.length).toBe(PAGES);
  });

  it('tells what was wrong with the database without its values', async () => {
    const supplier = filled();
    const deps = depsOf(supplier);
    const recorder: typeof deps.recorder = {
      record: () =>
        Promise.reject(Object.assign(new Error('insert into offer_prices values (123.45)'), { code: 'ER_X' })),
    };
    const end = await runFeed({ ...deps, recorder }, orderOf(supplier, 'full'));
    expect(end.reason).toContain('(ER_X)');
    expect(end.reason).not.toContain('123.45');
  });

  it('names the feeds there are when asked for another', async () => {
    const supplier = filled();
    await expect(runFeed(depsOf(supplier), { ...orderOf(supplier, 'full'), feed: 'prices' })).rejects.toThrow(
      'it has: stock',
    );
    await expect(runFeed(depsOf(supplier), { ...orderOf(supplier, 'full'), supplier: 'x' })).rejects.toThrow(
      'no supplier "x"',
    );
  });

  describe('that has to wait', () => {
    it.each(['notNow', 'limited', 'budgetUnreachable'] as const)('waits until the moment %s names', async (failure) => {
      const fast = createFastClock(1_000, clock.now());
      const supplier = filled({ clock: fast });
      let until = 0;
      let askedAgainAt = 0;
      supplier.script = (page, n) => {
        if (n === 3) {
          until = fast.now() + 90_000;
          throw new CallFailed(failure, 'not now', { retryAt: until });
        }
        if (supplier.asked.at(-1)?.token === 'p019') askedAgainAt = fast.now();
        if (n > 3 && fast.now() < until) throw new CallFailed(failure, 'not now', { retryAt: until });
        return page;
      };
      const waits: string[] = [];
      const order = { ...orderOf(supplier, 'full'), onProgress: noteWaits(waits) };
      const end = await runFeed(createSyncDeps(test.db, fast, [supplier]), order);
      expect(end).toMatchObject({ state: 'done', progress: { pages: PAGES } });
      expect(askedAgainAt).toBeGreaterThanOrEqual(until);
      expect(supplier.asked.length).toBeLessThanOrEqual(PAGES + 4);
      expect(waits[0]).toBe('not now');
    });

    it('waits an hour in all and then leaves the rest to the next run', async () => {
      const fast = createFastClock(20_000, clock.now());
      const supplier = filled({ clock: fast });
      supplier.script = (page, n) => {
        if (n > 2) throw new CallFailed('notNow', 'no permit today');
        return page;
      };
      const end = await runFeed(createSyncDeps(test.db, fast, [supplier]), orderOf(supplier, 'full'));
      expect(end).toMatchObject({ state: 'failed', reason: 'no permit today', progress: { pages: 2, waits: 720 } });
      supplier.script = (page) => page;
      const next = await runFeed(createSyncDeps(test.db, fast, [supplier]), orderOf(supplier, 'full'));
      expect(next).toMatchObject({ state: 'done', progress: { pages: PAGES } });
      expect(await copy(supplier)).toEqual(supplier.truth);
    });

    it('tries an unreachable supplier a few times, then ends with its progress kept', async () => {
      const fast = createFastClock(1_000, clock.now());
      const supplier = filled({ clock: fast });
      supplier.script = (page, n) => {
        if (n > 2) throw new CallFailed(n % 2 === 0 ? 'unreachable' : 'timedOut', 'connection reset');
        return page;
      };
      const end = await runFeed(createSyncDeps(test.db, fast, [supplier]), orderOf(supplier, 'full'));
      expect(end).toMatchObject({ state: 'failed', progress: { pages: 2, waits: 3 } });
      expect(supplier.asked.length).toBe(2 + 4);
      expect((await runs(supplier)).map((one) => [one.state, one.pages])).toEqual([['OPEN', 2]]);
    });

    it('holds its lease however long a page takes', async () => {
      const fast = createFastClock(50, clock.now());
      const supplier = filled({ clock: fast }, 1);
      const taken: unknown[] = [];
      supplier.script = async (page) => {
        for (let n = 0; n < 4; n += 1) {
          await fast.sleep(20_000);
          taken.push(
            await takeLease(test.db, syncLeaseName(idOf(supplier), 'stock'), 'another', fast.now() - 10_000, 1),
          );
        }
        return page;
      };
      const end = await runFeed(createSyncDeps(test.db, fast, [supplier]), orderOf(supplier, 'full'));
      expect(taken).toEqual(Array.from({ length: 4 }, () => null));
      expect(end.state).toBe('done');
    });

    it('ends its wait when its lease is taken over', async () => {
      const fast = createFastClock(200, clock.now());
      const supplier = filled({ clock: fast });
      supplier.script = async () => {
        await takeLease(test.db, syncLeaseName(idOf(supplier), 'stock'), 'another', fast.now() + HOUR_MS, HOUR_MS);
        throw new CallFailed('notNow', 'later', { retryAt: fast.now() + HOUR_MS });
      };
      const end = await runFeed(createSyncDeps(test.db, fast, [supplier]), orderOf(supplier, 'full'));
      expect(end).toMatchObject({ state: 'leaseLost', progress: { waits: 1 } });
      expect(supplier.asked.length).toBe(1);
    });

    it('ends its wait when told to stop', async () => {
      const supplier = filled();
      const stop = new AbortController();
      supplier.script = () => {
        setTimeout(() => stop.abort(), 20);
        throw new CallFailed('notNow', 'later', { retryAt: clock.now() + HOUR_MS });
      };
      expect((await run(supplier, 'full', stop.signal)).state).toBe('stopped');
    });
  });

  function filled(settings: Partial<ScriptedSettings> = {}, pages = PAGES): ScriptedSupplier {
    count += 1;
    const supplier = createScriptedSupplier({ id: `s${count}`, clock, pageSize: PAGE_SIZE, ...settings });
    for (let n = 0; n < pages * PAGE_SIZE; n += 1) supplier.set(`p${String(n).padStart(3, '0')}`, n);
    // Behind the overlap of the first delta.
    clock.advance(10_000);
    return supplier;
  }

  function depsOf(supplier: ScriptedSupplier): ReturnType<typeof createSyncDeps> {
    return createSyncDeps(test.db, clock, [supplier]);
  }

  function run(supplier: ScriptedSupplier, mode: SyncMode, signal?: AbortSignal): Promise<RunEnd> {
    return runFeed(depsOf(supplier), { ...orderOf(supplier, mode), ...(signal === undefined ? {} : { signal }) });
  }

  async function takeOver(supplier: ScriptedSupplier): Promise<void> {
    const later = clock.now() + HOUR_MS;
    await takeLease(test.db, syncLeaseName(idOf(supplier), 'stock'), 'another', later, HOUR_MS);
  }

  async function runs(supplier: ScriptedSupplier): ReturnType<typeof readSyncRuns> {
    return (await readSyncRuns(test.db, 1_000)).filter((one) => one.supplier === idOf(supplier));
  }

  const copy = (supplier: ScriptedSupplier): ReturnType<typeof readCopy> => readCopy(test.db, idOf(supplier));
  const feedState = (supplier: ScriptedSupplier): ReturnType<typeof readFeedState> =>
    readFeedState(test.db, idOf(supplier), 'stock');
});

function idOf(supplier: ScriptedSupplier): string {
  return supplier.connected.id;
}

function orderOf(supplier: ScriptedSupplier, mode: SyncMode): Parameters<typeof runFeed>[1] {
  return { supplier: idOf(supplier), feed: 'stock', mode, lane: 'scheduled' };
}

type Script = ScriptedSupplier['script'];

function failAt(at: number, failure: 'refused' | 'broken'): Script {
  return (page, n) => {
    if (n === at) throw new CallFailed(failure, `${failure} at ${at}`);
    return page;
  };
}

function noteWaits(waits: string[]): NonNullable<Parameters<typeof runFeed>[1]['onProgress']> {
  return ({ waitingFor }) => {
    if (waitingFor !== null) waits.push(waitingFor.reason);
  };
}

/** Pages that all begin with another part, so that only their tokens give the supplier away. */
function endless(tokenOf: (n: number) => string): Script {
  let first: Page | null = null;
  return (page, n) => {
    first ??= page;
    const observations = first.observations.map((one) => ({
      ...one,
      supplierPartNumber: `n${n}-${one.supplierPartNumber}`,
    }));
    return { ...page, observations, nextToken: tokenOf(n) };
  };
}

function ignoredPage(): Script {
  let first: Page | null = null;
  return (page) => {
    first ??= page;
    return { ...first, nextToken: page.nextToken };
  };
}

function emptyAt(at: number): Script {
  return (page, n) => (n === at ? { ...page, observations: [] } : page);
}

function withRejections(page: Page, many: number): Page {
  const [first] = page.observations;
  if (first === undefined) return page;
  const rejections = Array.from({ length: many }, (_, n) => ({
    supplier: first.supplier,
    supplierPartNumber: `${first.supplierPartNumber}-bad-${n}`,
    reason: 'quantity "abc" is no number',
    raw: 'abc',
  }));
  return { ...page, rejections };
}
