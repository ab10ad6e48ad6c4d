import { randomUUID } from 'node:crypto';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';
import type { LimitWindow } from '../../src/domain/profile.ts';
import { accountWindows } from '../../src/outbound/windows.ts';
import { redisBudgetLog } from '../../src/redis/budget-log.ts';
import type { Redis } from '../../src/redis/connection.ts';
import type { LoggedRequest } from '../../src/sandbox/request-log.ts';
import type { Verdict, WindowVerdict } from '../../src/sandbox/verdict.ts';
import { limitOf, profileWith } from '../outbound/connections.ts';
import type { CallerOrder } from './caller-process.ts';
import type { LimiterName } from './limiters.ts';
import { mostCalls, turnOverMs } from './most-calls.ts';
import type { SupplierOrder, SupplierReady } from './supplier-process.ts';

export interface Servers {
  readonly redisUrl: string;
  readonly databaseUrl: string;
}

export interface Course {
  readonly short: LimitWindow;
  readonly long: LimitWindow;
  readonly runMs: number;
  /** In each process. */
  readonly callers: number;
  /** Of the caller before each call, and of each call on its way. */
  readonly delayAtMostMs: number;
}

export interface Measured {
  readonly calls: number;
  readonly possible: number;
  /** Calls over possible calls. */
  readonly utilisation: number;
  /** How much later than allowed the longer window turned over, on average. */
  readonly turnOverMs: number | null;
  readonly short: WindowVerdict;
  readonly long: WindowVerdict;
}

/** Lets a limiter in several processes loose on a supplier of its own; the supplier's judge counts every sliding window. */
export async function measureLimiter(
  servers: Servers,
  course: Course,
  { limiter, processes }: { readonly limiter: LimiterName; readonly processes: number },
  signal: AbortSignal,
): Promise<Measured> {
  const prefix = `bench:${randomUUID()}:`;
  const children: ChildProcess[] = [];
  try {
    const supplier = await startSupplier(course, children);
    if (limiter === 'ours') await openBudget(servers, prefix, course);
    const order = { ...servers, ...course, limiter, prefix, supplierUrl: supplier.callUrl };
    const callers = Array.from({ length: processes }, (_, index) => {
      const child = start('caller-process', { ...order, isFirst: index === 0 } satisfies CallerOrder);
      children.push(child);
      return child;
    });
    await Promise.all(callers.map(firstMessage));
    for (const child of callers) child.send('go');
    await sleep(course.runMs, undefined, { signal });
    return await judged(supplier.controlUrl, course);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await removeKeys(servers, prefix);
  }
}

async function startSupplier(course: Course, children: ChildProcess[]): Promise<SupplierReady> {
  const limits = [limitOf('calls', [course.short, course.long])];
  const child = start('supplier-process', { limits, delayAtMostMs: course.delayAtMostMs } satisfies SupplierOrder);
  children.push(child);
  return (await firstMessage(child)) as SupplierReady;
}

function start(program: 'caller-process' | 'supplier-process', order: object): ChildProcess {
  return fork(fileURLToPath(new URL(`${program}.js`, import.meta.url)), [JSON.stringify(order)]);
}

async function firstMessage(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`A process of the bench ended by itself with ${String(code)}; what it said is above.`);
  });
  const said = once(child, 'message').then(([message]) => message as unknown);
  ended.catch(() => undefined);
  return Promise.race([said, ended]);
}

/** A new supplier has no past: this spares the run the waiting for it. */
async function openBudget(servers: Servers, prefix: string, course: Course): Promise<void> {
  const client = createClient({ url: servers.redisUrl }) as Redis;
  await client.connect();
  const log = redisBudgetLog(client, prefix);
  const profile = profileWith({ limits: [limitOf('calls', [course.short, course.long])] });
  const windows = accountWindows({ supplier: 'double', account: 'main' }, profile);
  const begun = await log.beginRestore('double', windows);
  if (begun !== 'alreadyKnown') await log.restore('double', begun.marker, windows, []);
  await client.close();
}

async function judged(controlUrl: string, { short, long, runMs }: Course): Promise<Measured> {
  const read = async (path: string): Promise<unknown> => (await fetch(`${controlUrl}/_sandbox/${path}`)).json();
  const { arrivals, windows } = (await read('verdict')) as Verdict;
  const { data } = (await read('requests?limit=1000')) as { data: LoggedRequest[] };
  const verdictOf = ({ windowMs }: LimitWindow): WindowVerdict => {
    const found = windows.find((window) => window.windowMs === windowMs);
    if (found === undefined) throw new Error(`The supplier has no window of ${windowMs} ms.`);
    return found;
  };
  const possible = mostCalls([short, long], runMs);
  return {
    calls: arrivals,
    possible,
    utilisation: arrivals / possible,
    turnOverMs: turnOverMs(data.map(({ arrivedAt }) => arrivedAt).reverse(), long),
    short: verdictOf(short),
    long: verdictOf(long),
  };
}

async function removeKeys(servers: Servers, prefix: string): Promise<void> {
  const client = createClient({ url: servers.redisUrl });
  await client.connect();
  for (const name of [prefix, prefix.replaceAll(':', '-')]) {
    for await (const keys of client.scanIterator({ MATCH: `*${name}*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
  }
  await client.close();
}
