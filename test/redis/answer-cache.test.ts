import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { memoryAnswerCache, redisAnswerCache } from '../../src/redis/answer-cache.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { redisUnderTest, serverUrl, type RedisUnderTest } from '../outbound/redis-under-test.ts';
import { startTcpProxy, type WireMode } from '../tcp-proxy.ts';
import { answerOf, keepsTheAnswerCacheContract, LASTING_MS } from './answer-cache.contract.ts';

describe('the answer cache in memory', () => {
  keepsTheAnswerCacheContract(memoryAnswerCache);

  it('is bounded: the least recently used goes first', async () => {
    const cache = memoryAnswerCache();
    const put = (from: number, count: number): Promise<void> =>
      cache.setMany(
        Array.from({ length: count }, (_, n) => ({ key: `K${from + n}`, answer: answerOf(n), ttlMs: LASTING_MS })),
      );
    await put(0, 50_000);
    expect(await cache.getMany(['K0'])).toEqual([answerOf(0)]);
    await put(50_000, 1);
    expect((await cache.getMany(['K0', 'K1', 'K2', 'K50000'])).map((each) => each !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });
});

describe('the answer cache in Redis', () => {
  let redis: RedisUnderTest;
  beforeAll(async () => {
    redis = await redisUnderTest('answers');
    // Each test makes a cache of its own over this one client.
    redis.client.setMaxListeners(0);
  });
  afterAll(() => redis.close());

  keepsTheAnswerCacheContract(() => redisAnswerCache(redis.client, `${redis.prefix}${randomUUID()}:`));

  it('is shared by all processes with one prefix, and by none with another', async () => {
    const prefix = `${redis.prefix}${randomUUID()}:`;
    await redisAnswerCache(redis.client, prefix).setMany([{ key: 's:A', answer: answerOf(1), ttlMs: LASTING_MS }]);
    expect(await redisAnswerCache(redis.client, prefix).getMany(['s:A'])).toEqual([answerOf(1)]);
    expect(await redisAnswerCache(redis.client, `${prefix}x:`).getMany(['s:A'])).toEqual([undefined]);
  });

  it('is bounded by time: there is no key without an end', async () => {
    const prefix = `${redis.prefix}${randomUUID()}:`;
    const keys = ['s:A', 's:B'];
    await redisAnswerCache(redis.client, prefix).setMany(
      keys.map((key, n) => ({ key, answer: answerOf(n), ttlMs: LASTING_MS })),
    );
    const written = await redis.client.keys(`${prefix}*`);
    expect(written).toHaveLength(keys.length);
    for (const key of written) {
      const leftMs = await redis.client.pTTL(key);
      expect(leftMs).toBeGreaterThan(0);
      expect(leftMs).toBeLessThanOrEqual(LASTING_MS);
    }
  });

  it('takes what another hand has put there for a miss', async () => {
    const prefix = `${redis.prefix}${randomUUID()}:`;
    const cache = redisAnswerCache(redis.client, prefix);
    await cache.setMany([{ key: 's:A', answer: answerOf(1), ttlMs: LASTING_MS }]);
    for (const key of await redis.client.keys(`${prefix}*`))
      await redis.client.set(key, '{"value":', { PX: LASTING_MS });
    expect(await cache.getMany(['s:A', 's:B'])).toEqual([undefined, undefined]);
  });

  it.each<WireMode>(['freeze', 'stall', 'cut'])(
    'is a miss for every key, within its deadline, while Redis is away (%s)',
    async (mode) => {
      const { hostname, port } = new URL(serverUrl('TEST_REDIS_URL'));
      const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
      const client = connectRedis(`redis://127.0.0.1:${proxy.port}`, pino({ level: 'silent' }));
      const cache = redisAnswerCache(client, `${redis.prefix}${randomUUID()}:`);
      const put = (): Promise<void> => cache.setMany([{ key: 's:A', answer: answerOf(1), ttlMs: LASTING_MS }]);
      const isThere = async (): Promise<void> => {
        await put();
        expect(await cache.getMany(['s:A'])).toEqual([answerOf(1)]);
      };
      try {
        await vi.waitFor(isThere, 5_000);
        proxy.set(mode);
        const began = performance.now();
        await put();
        expect(await cache.getMany(['s:A', 's:B'])).toEqual([undefined, undefined]);
        // Two answers of at most a second each; the rest is for a machine that is busy.
        expect(performance.now() - began).toBeLessThan(5_000);
        proxy.set('pass');
        await vi.waitFor(isThere, { timeout: 15_000, interval: 100 });
      } finally {
        client.destroy();
        await proxy.close();
      }
    },
  );
});
