import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectRedis, type Redis } from '../../src/redis/connection.ts';
import { redisWake, type Wake } from '../../src/redis/wake.ts';
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';

describe('a connection to Redis whose other end is gone without a word', () => {
  let proxy: TcpProxy;
  let client: Redis;
  let wake: Wake;
  beforeAll(async () => {
    const redis = new URL(process.env['TEST_REDIS_URL'] ?? 'redis://TEST_REDIS_URL-is-not-set');
    proxy = await startTcpProxy({ host: redis.hostname, port: Number(redis.port) });
    client = connectRedis(`redis://127.0.0.1:${proxy.port}`, pino({ level: 'silent' }));
    wake = redisWake(client, `connection-${process.pid}:`);
  });
  afterAll(async () => {
    await wake.close();
    client.destroy();
    await proxy.close();
  });

  it('is replaced, with its subscriptions, and the next answers come over the new one', async () => {
    let woken = 0;
    wake.onWake('changes', () => {
      woken += 1;
    });
    const isWoken = async (): Promise<void> => {
      const before = woken;
      wake.notify('changes');
      await vi.waitFor(() => expect(woken).toBeGreaterThan(before), { timeout: 500 });
    };
    await vi.waitFor(isWoken, { timeout: 10_000 });
    proxy.set('orphan');
    await expect(isWoken()).rejects.toThrow();
    await vi.waitFor(isWoken, { timeout: 20_000, interval: 200 });
  }, 40_000);
});
