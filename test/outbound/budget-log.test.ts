import { randomUUID } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { redisBudgetLog } from '../../src/redis/budget-log.ts';
import type { Redis } from '../../src/redis/connection.ts';
import { describeBudgetLog } from './budget-log.contract.ts';
import { open } from './opened-log.ts';
import { redisUnderTest, serverUrl, type RedisUnderTest } from './redis-under-test.ts';

describeBudgetLog('budget log in memory', async () => {
  let now = 1_700_000_000_000;
  return {
    log: memoryBudgetLog(() => now),
    turn: async (ms) => void (now += ms),
    lose: async () => memoryBudgetLog(() => now),
  };
});

describe('with Redis', () => {
  let redis: RedisUnderTest;
  beforeAll(async () => {
    redis = await redisUnderTest('budget-log');
  });
  afterAll(() => redis.close());

  describeBudgetLog('budget log in Redis', async () => {
    const log = redisBudgetLog(redis.client, `${redis.prefix}${randomUUID()}:`);
    return {
      log,
      turn: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      lose: async () => {
        await redis.empty();
        return log;
      },
    };
  });

  it('grants nothing when the server or its history is another one than the window says', async () => {
    const prefix = `${redis.prefix}replaced:`;
    const log = redisBudgetLog(redis.client, prefix);
    const hour = { key: '{s}:hour', limit: 1, windowMs: 3_600_000 };
    const asker = { id: 'a', rank: 0, waitedMs: 0 };
    const take = () => log.take({ group: 's', permit: 'p', windows: [hour], scopes: [], holdMs: 1, lineMs: 0, asker });
    await open(log, [hour]);
    const key = `${prefix}window:${hour.key}`;
    const [mark = ''] = await redis.client.zRange(key, 0, -1);
    await redis.client.zRem(key, mark);
    for (const changed of [mark.replace(/of \w+:/, 'of gone:'), mark.replace(/:\w+$/, ':older')]) {
      expect(changed).not.toBe(mark);
      await redis.client.zAdd(key, { score: 9e15, value: changed });
      expect((await take()).outcome).toBe('pastUnknown');
    }
    await open(log, [hour]);
    expect((await take()).outcome).toBe('granted');
    expect((await take()).outcome).toBe('refused');
  });

  it('gives up on a server that does not answer', async () => {
    const proxy = await freezableProxy(serverUrl('TEST_REDIS_URL'));
    const client = createClient({ url: proxy.url, disableOfflineQueue: true }) as Redis;
    client.on('error', () => undefined);
    await client.connect();
    const log = redisBudgetLog(client, `${redis.prefix}frozen:`);
    await log.pause('{s}:a', 1);
    proxy.freeze();
    await expect(log.pause('{s}:a', 1)).rejects.toThrow('did not answer within');
    client.destroy();
    await proxy.close();
  });
});

/** Stands before a server and can stop passing anything on, as a frozen host does. */
async function freezableProxy(target: string): Promise<{ url: string; freeze(): void; close(): Promise<void> }> {
  const { hostname, port } = new URL(target);
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    sockets.push(near, far);
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze: () => sockets.forEach((socket) => socket.unpipe()),
    close: () => {
      sockets.forEach((socket) => socket.destroy());
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
