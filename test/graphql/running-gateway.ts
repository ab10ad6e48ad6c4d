import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { ChangeFeed } from '../../src/inventory/change-feed.ts';
import { createChangeFeed } from '../../src/inventory/change-feed.ts';
import { createReader } from '../../src/inventory/read.ts';
import { createRecorder, type Recorder } from '../../src/inventory/record.ts';
import { createRefreshJobs, createRefreshJobWorker } from '../../src/inventory/refresh-jobs.ts';
import { createRefresher } from '../../src/inventory/refresh.ts';
import type { Gate } from '../../src/outbound/supplier-call.ts';
import { memoryAnswerCache } from '../../src/redis/answer-cache.ts';
import { createGraphql } from '../../src/graphql/server.ts';
import { createHttp, type Http } from '../../src/http.ts';
import type { HealthCheck } from '../../src/http/health.ts';
import { systemClock } from '../../src/domain/clock.ts';
import type { Observation, StockObservation } from '../../src/domain/observation.ts';
import { exactly, type Quantity } from '../../src/domain/quantity.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';

export interface RunningGateway {
  readonly url: string;
  readonly graphqlUrl: string;
  readonly socketUrl: string;
  readonly http: Http;
  readonly db: Database;
  readonly recorder: Recorder;
  readonly changes: ChangeFeed;
  /** Operations counted so far, as `query ok`. */
  readonly operations: readonly string[];
  /** Followers of the change feed now. */
  following(): number;
  /** Every line logged so far, as text. */
  logged(): string;
  ask<T = Record<string, unknown>>(query: string, variables?: Record<string, unknown>): Promise<Answer<T>>;
  close(): Promise<void>;
}

export interface Answer<T> {
  readonly status: number;
  readonly data: T;
  readonly errors: readonly { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

export interface GatewayOptions {
  readonly ideFolder?: string;
  readonly checks?: readonly HealthCheck[];
}

/** No supplier is connected, so there is nothing to call: what is stored is all there is. */
const NO_GATE: Gate = {
  callFor: () => () => Promise.reject(new Error('A supplier was called where none is connected.')),
};

/** The public contract in front of the real inventory rooms on SQLite, over real HTTP and WebSocket on loopback. */
export async function startGateway(options: GatewayOptions = {}): Promise<RunningGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-graphql-'));
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const db = openDatabase({ url: `sqlite:${join(folder, 'gateway.db')}` });
  await migrateDatabase(db);
  const clock = systemClock;
  const wake = memoryWake();
  const recorder = createRecorder({ db, wake, clock });
  const changes = createChangeFeed({ db, wake, clock, log });
  const jobs = createRefreshJobs({ db, wake, clock, newId: randomUUID });
  const refresher = createRefresher({
    suppliers: [],
    gate: NO_GATE,
    recorder,
    cache: memoryAnswerCache(),
    clock,
    log,
  });
  const worker = createRefreshJobWorker({
    db,
    wake,
    clock,
    newId: randomUUID,
    refresher,
    suppliers: [],
    cache: memoryAnswerCache(),
    log,
    owner: 'test',
  });
  const reader = createReader({ db, refresher, profiles: new Map(), clock });
  const followers = new Set<object>();
  const operations: string[] = [];
  const suppliers = ['acme', 'globex'];
  const graphql = createGraphql({
    reader,
    jobs,
    changes: { ...changes, follow: (after, filter) => counted(changes.follow(after, filter), followers) },
    suppliers,
    anonymousScopes: ['storefront'],
    quotas: { of: () => Promise.resolve(null) },
    log,
    clock,
    newId: randomUUID,
    onOperation: (operation, result) => void operations.push(`${operation} ${result}`),
  });
  const http = await createHttp({
    ...graphql,
    ideFolder: options.ideFolder ?? join(folder, 'no-ide'),
    checks: options.checks ?? [],
    metrics: { contentType: 'text/plain; version=0.0.4', metrics: () => Promise.resolve('up 1\n') },
    log,
  });
  worker.start();
  const url = await http.listen('127.0.0.1', 0);
  const graphqlUrl = `${url}/graphql`;
  return {
    url,
    graphqlUrl,
    socketUrl: graphqlUrl.replace('http', 'ws'),
    http,
    db,
    recorder,
    changes,
    operations,
    following: () => followers.size,
    logged: () => lines.join(''),
    ask: (query, variables) => ask(graphqlUrl, query, variables),
    async close() {
      await http.close();
      await worker.stop();
      changes.close();
      await wake.close();
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same iterator, in the set until it has ended. */
function counted<T>(iterator: AsyncIterableIterator<T>, open: Set<object>): AsyncIterableIterator<T> {
  open.add(iterator);
  const end = iterator.return?.bind(iterator);
  iterator.return = async () => {
    open.delete(iterator);
    return (await end?.()) ?? { value: undefined, done: true };
  };
  return iterator;
}

async function ask<T>(url: string, query: string, variables: Record<string, unknown> = {}): Promise<Answer<T>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await response.json()) as { data: T; errors?: Answer<T>['errors'] };
  return { status: response.status, data: body.data, errors: body.errors ?? [] };
}

/** All that a subscription or a query over a socket brings until it ends. */
export async function everyResult<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

/** What a catalog page says of one part. */
export function listing(supplier: string, number: string, brand: string, partNumber: string): Observation {
  return {
    kind: 'catalog',
    supplier,
    supplierPartNumber: number,
    brand,
    partNumber,
    title: `${brand} ${partNumber}`,
    packQuantity: 1,
    discontinued: false,
    supersededBy: null,
    time: now(),
  };
}

/** What a stock page says of one part. */
export function stock(supplier: string, number: string, levels: Record<string, number | Quantity>): StockObservation {
  return {
    kind: 'stock',
    supplier,
    supplierPartNumber: number,
    complete: true,
    levels: Object.entries(levels).map(([location, quantity]) => ({
      location,
      quantity: typeof quantity === 'number' ? exactly(quantity) : quantity,
    })),
    time: now(),
  };
}

let last = 0;

/** Later than every moment handed out before. */
function now(): StockObservation['time'] {
  last = Math.max(last + 1, Date.now());
  return { version: last, observedAt: last, sourceAsOf: null };
}
