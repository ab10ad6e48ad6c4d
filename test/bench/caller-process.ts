import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitWindow } from '../../src/domain/profile.ts';
import { limiters, type LimiterName } from './limiters.ts';

/** What a calling process is told on its command line, as JSON. */
export interface CallerOrder {
  readonly limiter: LimiterName;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Without a slash at its end. */
  readonly supplierUrl: string;
  /** Of all that this run keeps in Redis. */
  readonly prefix: string;
  readonly short: LimitWindow;
  readonly long: LimitWindow;
  readonly callers: number;
  /** Each caller waits 0 to this long before each call. */
  readonly delayAtMostMs: number;
  /** One of the processes fills the queue, where there is one. */
  readonly isFirst: boolean;
}

/** One of several processes that call as hard as their limiter lets them, from the word `go` until they are killed. */
const order = JSON.parse(process.argv[2] ?? '') as CallerOrder;
const call = await limiters[order.limiter](order);
process.once('disconnect', () => process.exit());
process.once('message', () => {
  for (let index = 0; index < order.callers; index += 1) void callForEver();
});
process.send?.('ready');

async function callForEver(): Promise<never> {
  for (;;) {
    await sleep(Math.random() * order.delayAtMostMs);
    await call();
  }
}
