import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { memoryAnswerCache, redisAnswerCache, type AnswerCache } from '../redis/answer-cache.ts';
import { memoryBudgetLog } from '../redis/budget-log-memory.ts';
import { redisBudgetLog, type BudgetLog } from '../redis/budget-log.ts';
import { redisBudgetPlace, type NamePlace } from '../redis/budget-place.ts';
import { connectRedis, deadlined } from '../redis/connection.ts';
import { memoryLearntNotes } from '../redis/learnt-notes-memory.ts';
import { redisLearntNotes, type LearntNotes } from '../redis/learnt-notes.ts';
import { memoryTokenShelf } from '../redis/token-shelf-memory.ts';
import { redisTokenShelf, type TokenShelf } from '../redis/token-shelf.ts';
import { memoryWake } from '../redis/wake-memory.ts';
import { redisWake, type Wake } from '../redis/wake.ts';

/** What processes share beside the database: in Redis, or in memory for a single process. */
export interface Ports {
  readonly budgetLog: BudgetLog;
  /** Null where the budget is in this process's memory. */
  readonly namePlace: NamePlace | null;
  readonly learntNotes: LearntNotes;
  readonly tokenShelf: TokenShelf;
  readonly cache: AnswerCache;
  readonly wake: Wake;
  /** Null where there is no Redis to be away. */
  readonly ping: (() => Promise<void>) | null;
  /** What Redis does when it is full; in memory nothing is evicted. */
  evictionPolicy(): Promise<string>;
  close(): Promise<void>;
}

export function openPorts(redis: Config['redis'], log: Logger): Ports {
  return redis === null ? memoryPorts() : redisPorts(redis, log);
}

/** Wall time at the start of the process, carried on by a clock that never steps. */
const steadyNow = (): number => performance.timeOrigin + performance.now();

function memoryPorts(): Ports {
  const wake = memoryWake();
  return {
    budgetLog: memoryBudgetLog(steadyNow),
    namePlace: null,
    learntNotes: memoryLearntNotes(steadyNow),
    tokenShelf: memoryTokenShelf(steadyNow),
    cache: memoryAnswerCache(),
    wake,
    ping: null,
    evictionPolicy: () => Promise.resolve('noeviction'),
    close: () => wake.close(),
  };
}

function redisPorts({ url, prefix }: NonNullable<Config['redis']>, log: Logger): Ports {
  const client = connectRedis(url, log);
  const wake = redisWake(client, prefix);
  return {
    budgetLog: redisBudgetLog(client, prefix),
    namePlace: redisBudgetPlace(client, prefix),
    learntNotes: redisLearntNotes(client, prefix),
    tokenShelf: redisTokenShelf(client, prefix),
    cache: redisAnswerCache(client, prefix),
    wake,
    ping: async () => void (await deadlined(client.ping())),
    evictionPolicy: async () =>
      (await deadlined(client.configGet('maxmemory-policy')))['maxmemory-policy'] ?? 'unknown',
    async close() {
      await wake.close();
      client.destroy();
    },
  };
}
