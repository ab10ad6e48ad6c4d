import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Bottleneck from 'bottleneck';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { RateLimiterQueue, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { systemClock } from '../../src/domain/clock.ts';
import { createBudget } from '../../src/outbound/budget.ts';
import { createGate } from '../../src/outbound/gate.ts';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import { redisBudgetLog } from '../../src/redis/budget-log.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { redisTokenShelf } from '../../src/redis/token-shelf.ts';
import { callLedger } from '../../src/store/calls.ts';
import { openDatabase } from '../../src/store/database.ts';
import { connectionTo, limitOf, profileWith } from '../outbound/connections.ts';
import type { CallerOrder } from './caller-process.ts';

/** Makes one call as soon as the limiter lets it. */
export type LimitedCall = () => Promise<void>;

export type LimiterName = 'ours' | 'bottleneck' | 'flexible' | 'flexibleQueue' | 'bullmq';

/** Each set up for several processes on one Redis as its documentation recommends. Resolves when it is connected. */
export const limiters: Record<LimiterName, (order: CallerOrder) => Promise<LimitedCall>> = {
  ours,
  bottleneck,
  flexible,
  flexibleQueue,
  bullmq,
};

const CALL_PATH = 'v1/stock?page_size=1';
const API_KEY = 'sandbox-key';
const PERMIT_WITHIN_MS = 120_000;
const JOBS_AT_MOST = 5_000;

async function ours(order: CallerOrder): Promise<LimitedCall> {
  const log = pino({ level: 'warn' }, pino.destination(2));
  const redis = connectRedis(order.redisUrl, log);
  const ledger = callLedger(openDatabase({ url: order.databaseUrl, poolSize: 4 }));
  const sources = {
    clock: systemClock,
    monotonic: () => performance.now(),
    random: Math.random,
    newId: () => randomUUID(),
    log,
  };
  const budget = createBudget({ budgetLog: redisBudgetLog(redis, order.prefix), ledger, ...sources });
  const gate = createGate({ budget, ledger, shelf: redisTokenShelf(redis, order.prefix), ...sources });
  const connection = connectionTo(`${order.supplierUrl}/`, {
    profile: profileWith({ limits: [limitOf('calls', [order.short, order.long])] }),
    authentication: { kind: 'header', header: 'x-api-key', prefix: '', secret: () => API_KEY },
  });
  while (!redis.isReady) await sleep(10);
  await ledger.recent('nobody', { budget: Date.now(), wall: Date.now() }, null);
  return async () => {
    const call = gate.callFor(connection, { lane: 'interactive', deadline: Date.now() + PERMIT_WITHIN_MS });
    try {
      await call({ callClass: 'stock', method: 'GET', path: CALL_PATH, expects: 'json' });
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      log.error({ reason: error.message }, 'call failed');
    }
  };
}

async function bottleneck(order: CallerOrder): Promise<LimitedCall> {
  const limiter = new Bottleneck({
    id: order.prefix,
    datastore: 'ioredis',
    Redis,
    clientOptions: clientOptions(order),
    clearDatastore: false,
    minTime: order.short.windowMs / order.short.limit,
    reservoir: order.long.limit,
    reservoirRefreshAmount: order.long.limit,
    reservoirRefreshInterval: order.long.windowMs,
  });
  await limiter.ready();
  return () => limiter.schedule(() => plainCall(order));
}

async function flexible(order: CallerOrder): Promise<LimitedCall> {
  const both = await twoLimiters(order);
  return async () => {
    for (const limiter of both) {
      for (;;) {
        const waitMs = await limiter.consume('supplier').then(() => 0, waitAfter);
        if (waitMs === 0) break;
        await sleep(waitMs);
      }
    }
    await plainCall(order);
  };
}

/** A refusal is thrown like an error. */
function waitAfter(refused: unknown): number {
  if (refused instanceof RateLimiterRes) return Math.max(1, refused.msBeforeNext);
  throw refused instanceof Error ? refused : new Error(String(refused));
}

async function flexibleQueue(order: CallerOrder): Promise<LimitedCall> {
  const both = (await twoLimiters(order)).map((limiter) => new RateLimiterQueue(limiter));
  return async () => {
    for (const queue of both) await queue.removeTokens(1);
    await plainCall(order);
  };
}

/** The longer first: whoever took of the shorter first and then waited would use what was counted in a second long past. */
async function twoLimiters({ redisUrl, prefix, short, long }: CallerOrder): Promise<RateLimiterRedis[]> {
  const storeClient = new Redis(redisUrl);
  await storeClient.ping();
  return [long, short].map(
    ({ limit, windowMs }) =>
      new RateLimiterRedis({
        storeClient,
        keyPrefix: `${prefix}${windowMs}`,
        points: limit,
        duration: windowMs / 1_000,
      }),
  );
}

/** Its workers know one limit. */
async function bullmq(order: CallerOrder): Promise<LimitedCall> {
  const connection = { ...clientOptions(order), maxRetriesPerRequest: null };
  const name = order.prefix.replaceAll(':', '-');
  const queue = new Queue(name, { connection });
  if (order.isFirst) {
    await queue.addBulk(Array.from({ length: JOBS_AT_MOST }, (_, index) => ({ name: 'call', data: { index } })));
  }
  const limiter = { max: order.long.limit, duration: order.long.windowMs };
  const worker = new Worker(name, () => plainCall(order), {
    connection,
    limiter,
    concurrency: order.callers,
    autorun: false,
  });
  await worker.waitUntilReady();
  let running: Promise<void> | null = null;
  return () => (running ??= worker.run());
}

function clientOptions({ redisUrl }: CallerOrder): { readonly host: string; readonly port: number } {
  const url = new URL(redisUrl);
  return { host: url.hostname, port: Number(url.port) };
}

async function plainCall({ supplierUrl }: CallerOrder): Promise<void> {
  const answer = await fetch(`${supplierUrl}/${CALL_PATH}`, { headers: { 'x-api-key': API_KEY } });
  await answer.text();
}
