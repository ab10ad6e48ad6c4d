import { deadlined, type Redis } from './connection.ts';

/**
 * Where access tokens lie for all processes, sealed by who puts them there. Every method rejects where the shelf cannot be
 * reached.
 */
export interface TokenShelf {
  /** @returns null where there is none, or none any longer */
  read(key: string): Promise<string | null>;
  put(key: string, sealed: string, forMs: number): Promise<void>;
  /** Takes away this very token; a newer one stays. */
  drop(key: string, sealed: string): Promise<void>;
  /** The right to do something alone, for a time. @returns false where another holds it */
  claim(key: string, holder: string, forMs: number): Promise<boolean>;
  release(key: string, holder: string): Promise<void>;
}

const DELETE_IF_SAME = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

export function redisTokenShelf(client: Redis, prefix: string): TokenShelf {
  const tokenKey = (key: string): string => `${prefix}token:${key}`;
  const claimKey = (key: string): string => `${prefix}claim:${key}`;
  const deleteIfSame = async (key: string, value: string): Promise<void> => {
    await deadlined(client.eval(DELETE_IF_SAME, { keys: [key], arguments: [value] }));
  };
  return {
    read: (key) => deadlined(client.get(tokenKey(key))),
    async put(key, sealed, forMs) {
      await deadlined(client.set(tokenKey(key), sealed, { expiration: { type: 'PX', value: Math.ceil(forMs) } }));
    },
    drop: (key, sealed) => deleteIfSame(tokenKey(key), sealed),
    async claim(key, holder, forMs) {
      const reply = await deadlined(
        client.set(claimKey(key), holder, {
          condition: 'NX',
          expiration: { type: 'PX', value: Math.ceil(forMs) },
        }),
      );
      return reply === 'OK';
    },
    release: (key, holder) => deleteIfSame(claimKey(key), holder),
  };
}
