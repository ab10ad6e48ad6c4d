import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import { readFeedState, readFeedStates } from '../../src/store/feed-states.ts';
import { takeLease } from '../../src/store/leases.ts';
import { syncLeaseName } from '../../src/sync/run.ts';
import { createScheduler } from '../../src/sync/schedule.ts';
import type { SchedulerSettings } from '../../src/sync/schedule.ts';
import type { RunEnd } from '../../src/sync/progress.ts';
import { createScriptedSupplier } from './scripted-supplier.ts';
import type { ScriptedSettings, ScriptedSupplier } from './scripted-supplier.ts';
import { createSyncDeps, readCopy } from './sync-deps.ts';
import { createFastClock } from './test-clock.ts';
import { createTestDatabase, DIALECTS } from './test-database.ts';
import type { TestDatabase } from './test-database.ts';

const PATIENCE_MS = 15_000;

describe.each(DIALECTS)('the scheduler on %s', (dialect) => {
  let test: TestDatabase;
  let count = 0;
  /** A look a second takes 10 ms. */
  let clock: Clock;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
    clock = createFastClock(100, systemClock.now());
  });
  afterAll(() => test.remove());

  it('fills catalog before stock before prices, then asks only deltas, each at its cadence', async () => {
    const supplier = filled({ feeds: ['prices', 'stock', 'catalog'] });
    const { ends, stop } = scheduled([supplier]);
    await until(() => ends.length >= 6);
    await stop();
    const told = ends.map(({ progress }) => `${progress.feed} ${progress.mode}`);
    expect(told.slice(0, 3)).toEqual(['catalog full', 'stock full', 'prices full']);
    expect(new Set(told.slice(3, 6))).toEqual(
      new Set(['catalog incremental', 'stock incremental', 'prices incremental']),
    );
    expect(await readCopy(test.db, idOf(supplier))).toEqual(supplier.truth);
  });

  it('runs one feed of a supplier at a time, and suppliers beside one another up to its bound', async () => {
    const suppliers = Array.from({ length: 4 }, () => filled({ feeds: ['catalog', 'stock'] }));
    const open = new Map<string, number>();
    let most = 0;
    let mostOfOne = 0;
    for (const supplier of suppliers)
      supplier.script = async (page) => {
        const id = idOf(supplier);
        open.set(id, (open.get(id) ?? 0) + 1);
        mostOfOne = Math.max(mostOfOne, open.get(id) ?? 0);
        most = Math.max(
          most,
          [...open.values()].reduce((all, one) => all + one, 0),
        );
        await systemClock.sleep(5);
        open.set(id, (open.get(id) ?? 0) - 1);
        return page;
      };
    const { ends, stop } = scheduled(suppliers, { runsInAll: 2 });
    await until(() => new Set(ends.map((end) => `${end.progress.supplier} ${end.progress.feed}`)).size === 8);
    await stop();
    expect([mostOfOne, most]).toEqual([1, 2]);
  });

  it('puts a failing feed off, longer each time and never past its cadence, with the reason, and lets the others run', async () => {
    const supplier = filled({ feeds: ['catalog', 'stock'] });
    const failedAt: number[] = [];
    supplier.script = (page) => {
      if (supplier.asked.at(-1)?.feed !== 'catalog') return page;
      failedAt.push(clock.now());
      throw new CallFailed('refused', 'scripted refused us: 401. Check SCRIPTED_KEY.');
    };
    const { ends, stop } = scheduled([supplier]);
    await until(() => failedAt.length >= 4);
    await stop();
    const [first = 0, second = 0, third = 0, fourth = 0] = failedAt;
    expect(second - first).toBeGreaterThanOrEqual(30_000);
    expect(third - second).toBeGreaterThanOrEqual(60_000);
    expect(fourth - third).toBeGreaterThanOrEqual(120_000);
    expect(ends.some((end) => end.progress.feed === 'stock' && end.state === 'done')).toBe(true);
    const state = await readFeedState(test.db, idOf(supplier), 'catalog');
    expect(state).toMatchObject({ lastError: 'scripted refused us: 401. Check SCRIPTED_KEY.', fullCompletedAt: null });
  });

  it('leaves a feed alone that another process is running, and its supplier too', async () => {
    const supplier = filled({ feeds: ['catalog', 'stock'] });
    const lease = syncLeaseName(idOf(supplier), 'catalog');
    await takeLease(test.db, lease, 'another', clock.now(), 20_000);
    const freeAt = clock.now() + 20_000;
    const { ends, stop } = scheduled([supplier]);
    await until(() => ends.length >= 2);
    await stop();
    expect(ends.slice(0, 2).map(({ progress }) => progress.feed)).toEqual(['catalog', 'stock']);
    expect((await readFeedState(test.db, idOf(supplier), 'catalog'))?.fullCompletedAt).toBeGreaterThanOrEqual(freeAt);
  });

  it('stops its runs at the end of their page, and another goes on there', async () => {
    const supplier = filled();
    const first = scheduled([supplier]);
    supplier.script = async (page, n) => {
      if (n === 2) void first.stop();
      await systemClock.sleep(5);
      return page;
    };
    await until(() => first.ends.length === 1);
    await first.stop();
    expect(first.ends).toMatchObject([{ state: 'stopped', progress: { pages: 2 } }]);
    const second = scheduled([supplier]);
    await until(() => second.ends.length >= 1);
    await second.stop();
    expect(second.ends[0]).toMatchObject({ state: 'done', progress: { pages: 5 } });
    expect(supplier.asked.slice(0, 5).map((ask) => ask.token)).toEqual([null, 'p09', 'p19', 'p29', 'p39']);
  });

  it('two processes together run each due run once', async () => {
    const suppliers = Array.from({ length: 3 }, () => filled());
    const one = scheduled(suppliers, {}, 'one');
    const two = scheduled(suppliers, {}, 'two');
    await until(() => one.ends.length + two.ends.length >= 3);
    await Promise.all([one.stop(), two.stop()]);
    const fulls = suppliers.map((supplier) => supplier.asked.filter((ask) => ask.mode === 'full').length);
    expect(fulls).toEqual([5, 5, 5]);
  });

  it('enters no feed that the profile does not schedule', async () => {
    const supplier = filled({ feeds: ['catalog', 'stock'], profile: { schedules: {} } });
    const { stop } = scheduled([supplier]);
    await systemClock.sleep(50);
    await stop();
    expect((await readFeedStates(test.db)).filter((state) => state.supplier === idOf(supplier))).toEqual([]);
  });

  function filled(settings: Partial<ScriptedSettings> = {}): ScriptedSupplier {
    count += 1;
    const supplier = createScriptedSupplier({ id: `s${count}`, clock, pageSize: 10, ...settings });
    for (let n = 0; n < 50; n += 1) supplier.set(`p${String(n).padStart(2, '0')}`, n);
    return supplier;
  }

  function scheduled(
    suppliers: readonly ScriptedSupplier[],
    settings: SchedulerSettings = {},
    owner = 'test',
  ): { ends: RunEnd[]; stop: () => Promise<void> } {
    const ends: RunEnd[] = [];
    const deps = createSyncDeps(test.db, clock, suppliers, owner);
    const scheduler = createScheduler(deps, { ...settings, onEnd: (end) => ends.push(end) });
    scheduler.start();
    return { ends, stop: () => scheduler.stop() };
  }
});

function idOf(supplier: ScriptedSupplier): string {
  return supplier.connected.id;
}

async function until(isSo: () => boolean): Promise<void> {
  const giveUpAt = systemClock.now() + PATIENCE_MS;
  while (!isSo()) {
    if (systemClock.now() > giveUpAt) throw new Error('What was waited for did not come.');
    await systemClock.sleep(5);
  }
}
