import { Keyv } from 'keyv';
import KeyvRedis from '@keyv/redis';
import { LRUCache } from 'lru-cache';
import type { Quantity } from '../domain/quantity.ts';
import { deadlined, type Redis } from './connection.ts';

/** What a supplier answered about the stock of one key, kept for a short time for all processes. */
export interface CachedAnswer {
  /** The answer's place in time on the supplier's clock: `FactTime.version`. */
  readonly version: number;
  /** When we asked, epoch ms. */
  readonly observedAt: number;
  readonly sourceAsOf: number | null;
  /** False for the supplier's "no such part", which is remembered too. */
  readonly isListed: boolean;
  readonly levels: readonly { readonly location: string; readonly quantity: Quantity }[];
}

/** Keys are `supplier:supplier part number`. A cache that is away is a miss, never an error. */
export interface AnswerCache {
  getMany(keys: readonly string[]): Promise<(CachedAnswer | undefined)[]>;
  setMany(
    entries: readonly { readonly key: string; readonly answer: CachedAnswer; readonly ttlMs: number }[],
  ): Promise<void>;
}

const ENTRIES_IN_MEMORY = 50_000;

/** Shared by all processes. Keyv adds its own name space; the client is ours, with its time-outs and no offline queue. */
export function redisAnswerCache(client: Redis, prefix: string): AnswerCache {
  const store = new KeyvRedis(client as never, { throwOnErrors: false, useUnlink: true, noNamespaceAffectsAll: false });
  store.on('error', () => undefined);
  return overKeyv(new Keyv<CachedAnswer>({ store, namespace: `${prefix}answers` }));
}

/** The in-memory twin: bounded, the least recently used goes first. */
export function memoryAnswerCache(): AnswerCache {
  return overKeyv(new Keyv<CachedAnswer>({ store: new LRUCache({ max: ENTRIES_IN_MEMORY }), namespace: 'answers' }));
}

function overKeyv(keyv: Keyv<CachedAnswer>): AnswerCache {
  keyv.on('error', () => undefined);
  return {
    async getMany(keys) {
      if (keys.length === 0) return [];
      try {
        return await deadlined(keyv.getMany<CachedAnswer>([...keys]));
      } catch {
        return keys.map(() => undefined);
      }
    },
    async setMany(entries) {
      if (entries.length === 0) return;
      try {
        await deadlined(keyv.setMany(entries.map(({ key, answer, ttlMs }) => ({ key, value: answer, ttl: ttlMs }))));
      } catch {
        // What could not be cached will be asked again.
      }
    },
  };
}
