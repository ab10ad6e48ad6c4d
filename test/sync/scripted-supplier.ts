import type { ConnectedSupplier } from '../../src/connectors/connected-supplier.ts';
import type { Connector, FeedReader, Page, PageAsk } from '../../src/connectors/connector.ts';
import type { Clock } from '../../src/domain/clock.ts';
import type { CatalogObservation, FactTime, StockObservation } from '../../src/domain/observation.ts';
import type { Feed, Profile } from '../../src/domain/profile.ts';
import { exactly } from '../../src/domain/quantity.ts';
import type { SyncMode } from '../../src/store/sync-runs.ts';

/** A supplier in this process: its truth, what it was asked, and a script of what it answers wrongly. */
export interface ScriptedSupplier {
  readonly connected: ConnectedSupplier;
  /** Sells `quantity` of a part from now on. */
  set(supplierPartNumber: string, quantity: number): void;
  readonly truth: ReadonlyMap<string, number>;
  readonly asked: AskedOf[];
  /** Sees each page before it is sent: may change it, wait, or throw. `n` counts all asks from 1. */
  script: (page: Page, n: number) => Page | Promise<Page>;
}

export interface AskedOf {
  readonly feed: Feed;
  readonly mode: SyncMode;
  readonly token: string | null;
  readonly since: number | null;
}

export interface ScriptedSettings {
  readonly id?: string;
  readonly clock: Clock;
  readonly pageSize?: number;
  readonly reachMs?: number | null;
  readonly profile?: Partial<Profile>;
  readonly feeds?: readonly Feed[];
}

export const SCHEDULE = { fullEverySeconds: 3_600, incrementalEverySeconds: 60, overlapSeconds: 2 };

export function createScriptedSupplier(settings: ScriptedSettings): ScriptedSupplier {
  const { id = 'scripted', clock, pageSize = 10, reachMs = null, feeds = ['stock'] } = settings;
  const rows = new Map<string, { quantity: number; changedAt: number }>();
  const truth = new Map<string, number>();
  let lastChange = 0;

  const answer = async (ask: PageAsk, feed: Feed, mode: SyncMode, since: number | null): Promise<Page> => {
    supplier.asked.push({ feed, mode, token: ask.token, since });
    const askedAt = clock.now();
    const wanted = [...rows].filter(([, row]) => since === null || row.changedAt >= since);
    const page = pageOf({ id, feed, pageSize, askedAt }, wanted, ask.token);
    return supplier.script(page, supplier.asked.length);
  };
  const reader = (feed: Feed): FeedReader => ({
    full: (ask) => answer(ask, feed, 'full', null),
    incremental: { page: (ask) => answer(ask, feed, 'incremental', ask.since), reachMs },
  });
  const profile = { ...PROFILE, ...settings.profile };
  const connector: Connector = {
    name: id,
    defaultBaseUrl: null,
    profile,
    credentials: [],
    authentication: () => AUTHENTICATION,
    feeds: Object.fromEntries(feeds.map((feed) => [feed, reader(feed)])),
  };
  const connection = {
    supplier: id,
    account: 'a',
    baseUrl: 'http://localhost/',
    profile,
    authentication: AUTHENTICATION,
  };
  const supplier: ScriptedSupplier = {
    connected: { id, account: 'a', connector, connection },
    set(supplierPartNumber, quantity) {
      // Versions grow even within a millisecond, as a supplier's do.
      lastChange = Math.max(lastChange + 1, clock.now());
      rows.set(supplierPartNumber, { quantity, changedAt: lastChange });
      truth.set(supplierPartNumber, quantity);
    },
    truth,
    asked: [],
    script: (page) => page,
  };
  return supplier;
}

const AUTHENTICATION = { kind: 'header', header: 'x-key', prefix: '', secret: () => '' } as const;

const PROFILE: Profile = {
  limits: [],
  penalties: [],
  share: 1,
  callTimeoutMs: 1_000,
  networkDelayMs: 0,
  bulkStockKeys: null,
  freshForSeconds: 60,
  expireAfterSeconds: 600,
  schedules: { catalog: SCHEDULE, stock: SCHEDULE, prices: SCHEDULE },
  maxPagesPerRun: 1_000,
  maxBodyBytes: 1_000_000,
  keptBack: {},
};

interface Shape {
  readonly id: string;
  readonly feed: Feed;
  readonly pageSize: number;
  readonly askedAt: number;
}

type Row = readonly [string, { quantity: number; changedAt: number }];

/** Keyset pages: the token is the last key of the page before. */
function pageOf(shape: Shape, rows: readonly Row[], token: string | null): Page {
  const behind = rows.filter(([key]) => token === null || key > token).sort(([a], [b]) => (a < b ? -1 : 1));
  const here = behind.slice(0, shape.pageSize);
  return {
    observations: here.map((row) => observationOf(shape, row)),
    rejections: [],
    nextToken: behind.length > here.length ? (here.at(-1)?.[0] ?? null) : null,
    pagesInAll: Math.ceil(rows.length / shape.pageSize),
    askedAtSupplier: shape.askedAt,
  };
}

function observationOf({ id, feed, askedAt }: Shape, [key, row]: Row): StockObservation | CatalogObservation {
  const time: FactTime = { version: row.changedAt, observedAt: askedAt, sourceAsOf: row.changedAt };
  const said = { supplier: id, supplierPartNumber: key, time };
  if (feed === 'stock')
    return { ...said, kind: 'stock', levels: [{ location: '01', quantity: exactly(row.quantity) }], complete: true };
  return {
    ...said,
    kind: 'catalog',
    brand: 'Test',
    partNumber: key,
    title: null,
    packQuantity: 1,
    discontinued: false,
    supersededBy: null,
  };
}
