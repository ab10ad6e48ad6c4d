import { createClient } from 'redis';
import type { Redis } from '../../src/redis/connection.ts';

/** A connection to the Redis of the tests, with a prefix of its own. */
export interface RedisUnderTest {
  readonly client: Redis;
  readonly prefix: string;
  /** Deletes all keys of the prefix in one step. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function redisUnderTest(name: string): Promise<RedisUnderTest> {
  const client = createClient({ url: serverUrl('TEST_REDIS_URL') }) as Redis;
  await client.connect();
  const prefix = `test:${name}:${process.pid}:${Date.now()}:`;
  const empty = async (): Promise<void> => {
    const keys = await client.keys(`${prefix}*`);
    if (keys.length > 0) await client.del(keys);
  };
  return {
    client,
    prefix,
    empty,
    async close() {
      await empty();
      await client.close();
    },
  };
}

/** Tests need servers; without them they fail, as a skipped proof proves nothing. */
export function serverUrl(variable: 'TEST_REDIS_URL' | 'TEST_MYSQL_URL'): string {
  const url = process.env[variable];
  if (url === undefined || url === '') throw new Error(`${variable} is not set: run the tests by "npm test".`);
  return url;
}
