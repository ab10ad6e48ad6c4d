import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { createClient } from 'redis';
import { afterAll, describe, expect, it } from 'vitest';
import { connectRedis } from '../../src/redis/connection.ts';
import type { Redis } from '../../src/redis/connection.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { redisWake } from '../../src/redis/wake.ts';
import type { Wake } from '../../src/redis/wake.ts';

const url = process.env['TEST_REDIS_URL'];
if (url === undefined)
  throw new Error('TEST_REDIS_URL is not set: run the tests by `npm test`, or name a Redis as redis://host:port/.');

const client = connectRedis(url, pino({ level: 'silent' }));
afterAll(() => client.destroy());

const TWINS: readonly (readonly [string, () => Wake])[] = [
  ['in memory', memoryWake],
  ['over Redis', () => redisWake(client, `test:${randomUUID()}:`)],
];

describe.each(TWINS)('wake %s', (_name, create) => {
  it('wakes every listener of a topic, and no other', async () => {
    const wake = create();
    const woken: string[] = [];
    wake.onWake('changes', () => woken.push('one'));
    wake.onWake('changes', () => woken.push('two'));
    wake.onWake('jobs', () => woken.push('jobs'));
    await until(
      () => woken.includes('two'),
      () => wake.notify('changes'),
    );
    expect(woken).toContain('one');
    expect(woken).not.toContain('jobs');
    await wake.close();
  });

  it('wakes nobody who has ended it, and not within the call that notifies', async () => {
    const wake = create();
    let ended = 0;
    let woken = 0;
    const end = wake.onWake('jobs', () => (ended += 1));
    end();
    wake.onWake('jobs', () => (woken += 1));
    wake.notify('jobs');
    expect(woken).toBe(0);
    await until(
      () => woken > 0,
      () => wake.notify('jobs'),
    );
    expect(ended).toBe(0);
    await wake.close();
  });

  it('wakes nobody once it is closed', async () => {
    const wake = create();
    let woken = 0;
    wake.onWake('changes', () => (woken += 1));
    await wake.close();
    wake.notify('changes');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(woken).toBe(0);
  });
});

it('wakes other processes over Redis, and works again after its connection was cut', async () => {
  const name = `wake-${randomUUID()}`;
  const named = createClient({ url, name, disableOfflineQueue: true }) as Redis;
  named.on('error', () => undefined);
  await named.connect();
  const [here, there] = [redisWake(client, name), redisWake(named, name)];
  let woken = 0;
  there.onWake('changes', () => (woken += 1));
  await until(
    () => woken > 0,
    () => here.notify('changes'),
  );
  const subscribers = ((await client.sendCommand(['CLIENT', 'LIST', 'TYPE', 'pubsub'])) as unknown as string).split(
    '\n',
  );
  const id = /^id=(\d+)/.exec(subscribers.find((line) => line.includes(`name=${name}`)) ?? '')?.[1] ?? '';
  expect(await client.sendCommand(['CLIENT', 'KILL', 'ID', id])).toBe(1);
  woken = 0;
  await until(
    () => woken > 0,
    () => here.notify('changes'),
  );
  await here.close();
  await there.close();
  named.destroy();
});

it('neither fails nor waits where Redis is away', async () => {
  const nowhere = connectRedis('redis://127.0.0.1:1/', pino({ level: 'silent' }));
  const wake = redisWake(nowhere, 'test:');
  wake.onWake('changes', () => undefined);
  wake.notify('changes');
  await wake.close();
  nowhere.destroy();
});

/** Tries again and again, as a wake may be lost while the connection is being made. */
async function until(isReached: () => boolean, attempt: () => void): Promise<void> {
  for (let tries = 0; tries < 200 && !isReached(); tries += 1) {
    attempt();
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  expect(isReached()).toBe(true);
}
