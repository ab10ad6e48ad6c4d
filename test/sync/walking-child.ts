import { pino } from 'pino';
import type { ConnectedSupplier } from '../../src/connectors/connected-supplier.ts';
import type { Page } from '../../src/connectors/connector.ts';
import { systemClock } from '../../src/domain/clock.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { openDatabase } from '../../src/store/database.ts';
import type { SyncMode } from '../../src/store/sync-runs.ts';
import { runFeed } from '../../src/sync/run.ts';
import { createScriptedSupplier } from './scripted-supplier.ts';
import { createFastClock } from './test-clock.ts';

/** A process that walks a feed of a supplier over HTTP to its end, made to be killed. Told everything by its one argument. */
export interface WalkOrder {
  readonly databaseUrl: string;
  readonly supplierUrl: string;
  readonly supplier: string;
  readonly mode: SyncMode;
  readonly speed: number;
  readonly clockFrom: number;
}

const BUSY_WAIT_MS = 20;

const order = JSON.parse(process.argv[2] ?? '') as WalkOrder;
const clock = createFastClock(order.speed, order.clockFrom);
const db = openDatabase({ url: order.databaseUrl, poolSize: 2 });

const page = async (since: number | null, token: string | null): Promise<Page> => {
  const query = new URLSearchParams({ since: JSON.stringify(since), token: JSON.stringify(token) });
  const answer = await fetch(`${order.supplierUrl}?${query.toString()}`);
  return (await answer.json()) as Page;
};

const { connected } = createScriptedSupplier({ id: order.supplier, clock });
const overHttp: ConnectedSupplier = {
  ...connected,
  connector: {
    ...connected.connector,
    feeds: {
      stock: {
        full: (ask) => page(null, ask.token),
        incremental: { page: (ask) => page(ask.since, ask.token), reachMs: null },
      },
    },
  },
};

for (;;) {
  const end = await runFeed(
    {
      db,
      recorder: createRecorder({ db, wake: memoryWake(), clock }),
      gate: { callFor: () => () => Promise.reject(new Error('The walk asks by itself.')) },
      suppliers: [overHttp],
      clock,
      random: () => 0.5,
      log: pino({ level: 'silent' }),
      owner: `child-${process.pid}`,
    },
    { supplier: order.supplier, feed: 'stock', mode: order.mode, lane: 'scheduled' },
  );
  if (end.state === 'done' && end.progress.mode === order.mode) break;
  if (end.state !== 'busy') throw new Error(`The walk ended as ${end.progress.mode}, ${end.state}: ${end.reason}`);
  await systemClock.sleep(BUSY_WAIT_MS);
}
await db.close();
