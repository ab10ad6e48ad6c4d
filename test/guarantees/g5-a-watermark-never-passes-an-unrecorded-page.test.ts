import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import { readFeedState } from '../../src/store/feed-states.ts';
import type { SyncMode } from '../../src/store/sync-runs.ts';
import { createScriptedSupplier } from '../sync/scripted-supplier.ts';
import type { ScriptedSupplier } from '../sync/scripted-supplier.ts';
import { readCopy } from '../sync/sync-deps.ts';
import { createFastClock } from '../sync/test-clock.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';
import type { WalkOrder } from '../sync/walking-child.ts';

const CHILD = fileURLToPath(new URL('../../dist/test/sync/walking-child.js', import.meta.url));
const SUPPLIER = 'killed';
const PARTS = 1_000;
const PAGE_SIZE = 10;
/** Before the walk is let come to its end. */
const KILLS_OF_FULL = 7;
const KILLS_OF_INCREMENTAL = 5;
/** A killed process's lease of half a minute ends in 150 ms. */
const SPEED = 200;
const SEEDS = { sqlite: 11, mysql: 12 };

describe('G5: a watermark never passes a page that is not recorded; kill -9 loses nothing', () => {
  it.concurrent.each(DIALECTS)(
    'a walk killed at random moments, on %s',
    async (dialect) => {
      if (!existsSync(CHILD)) throw new Error(`${CHILD} is missing: build first, by \`npx tsc -p tsconfig.json\`.`);
      const clockFrom = systemClock.now();
      const clock = createFastClock(SPEED, clockFrom);
      const supplier = createScriptedSupplier({ id: SUPPLIER, clock, pageSize: PAGE_SIZE });
      const test = await createTestDatabase(dialect);
      const { server, url } = await serve(supplier);
      const random = seeded(SEEDS[dialect]);
      const walk: Walk = {
        test,
        supplier,
        random,
        order: { databaseUrl: test.url, supplierUrl: url, supplier: SUPPLIER, speed: SPEED, clockFrom },
      };
      try {
        for (let n = 0; n < PARTS; n += 1) supplier.set(`p${String(n).padStart(4, '0')}`, n);
        await walkUnderFire(walk, 'full', KILLS_OF_FULL);
        expect(await readCopy(test.db, SUPPLIER)).toEqual(supplier.truth);
        // Past the overlap: the delta is then what changed, and no more.
        await systemClock.sleep(2_000 / SPEED + 50);
        for (let n = 0; n < PARTS; n += 2) supplier.set(`p${String(n).padStart(4, '0')}`, n + 5_000);
        await walkUnderFire(walk, 'incremental', KILLS_OF_INCREMENTAL);
        expect(await readCopy(test.db, SUPPLIER)).toEqual(supplier.truth);
        expect(await doubledChanges(test)).toEqual([]);
      } finally {
        server.close();
        server.closeAllConnections();
        await test.remove();
      }
    },
    60_000,
  );
});

interface Walk {
  readonly test: TestDatabase;
  readonly supplier: ScriptedSupplier;
  readonly random: () => number;
  readonly order: Omit<WalkOrder, 'mode'>;
}

/** Kills the walk `kills` times, then lets it end. After each death the watermark must stand where it stood. */
async function walkUnderFire(walk: Walk, mode: SyncMode, kills: number): Promise<void> {
  const { test, supplier, random } = walk;
  const watermark = await readWatermark(test);
  const from = supplier.asked.length;
  const answered = new Set<string | null>();
  for (let life = 0; life <= kills; life += 1) {
    const lifeFrom = supplier.asked.length;
    const child = begin(walk, mode);
    if (life < kills) {
      await killAfter(child, supplier, lifeFrom + 1 + Math.floor(random() * 8), random() * 8);
      expect(await readWatermark(test)).toBe(watermark);
    } else {
      const [code] = (await once(child, 'exit')) as [number | null];
      expect(code).toBe(0);
    }
    const asked = supplier.asked.slice(lifeFrom).map((ask) => ask.token);
    expect(asked.filter((token) => answered.has(token)).length).toBeLessThanOrEqual(1);
    for (const token of asked) answered.add(token);
  }
  const asked = supplier.asked.slice(from);
  expect(asked.length).toBeLessThanOrEqual(answered.size + kills);
  expect(new Set(asked.map((ask) => ask.since)).size).toBe(1);
  expect(await readWatermark(test)).toBeGreaterThan(watermark ?? 0);
}

function begin({ order }: Walk, mode: SyncMode): ChildProcess {
  const told: WalkOrder = { ...order, mode };
  return spawn(process.execPath, [CHILD, JSON.stringify(told)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** SIGKILL, a little after the supplier was asked for so many pages: while it answers, or while the page is recorded. */
async function killAfter(
  child: ChildProcess,
  supplier: ScriptedSupplier,
  asked: number,
  delayMs: number,
): Promise<void> {
  const exited = once(child, 'exit');
  while (supplier.asked.length < asked && child.exitCode === null) await systemClock.sleep(1);
  await systemClock.sleep(delayMs);
  child.kill('SIGKILL');
  const [code, signal] = (await exited) as [number | null, string | null];
  expect([code, signal]).toEqual([null, 'SIGKILL']);
}

async function serve(supplier: ScriptedSupplier): Promise<{ server: Server; url: string }> {
  const { stock } = supplier.connected.connector.feeds;
  const ask = { supplier: SUPPLIER, account: 'a', now: () => 0, call: () => Promise.reject(new Error('no calls')) };
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const token = JSON.parse(searchParams.get('token') ?? 'null') as string | null;
    const since = JSON.parse(searchParams.get('since') ?? 'null') as number | null;
    const page = since === null ? stock?.full({ ...ask, token }) : stock?.incremental?.page({ ...ask, token, since });
    void page?.then((one) => response.end(JSON.stringify(one)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

async function readWatermark(test: TestDatabase): Promise<number | null> {
  return (await readFeedState(test.db, SUPPLIER, 'stock'))?.watermark ?? null;
}

/** A page recorded twice must not be a change twice. */
async function doubledChanges(test: TestDatabase): Promise<unknown[]> {
  return test.db
    .knex('changes')
    .where({ supplier: SUPPLIER })
    .groupBy('supplier_part_number', 'version')
    .havingRaw('count(*) > 1')
    .select('supplier_part_number', 'version');
}

/** Mulberry32: the same seed kills at the same moments, as far as the machine lets it. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
