import { luaScript, SERVER_TIME } from './budget-log-script.ts';
import type { Redis } from './connection.ts';

/**
 * What all processes know of a supplier beside the budget log: short texts by field, few for each supplier. What they mean is
 * the writer's. Every method rejects where the store cannot be reached in time.
 */
export interface LearntNotes {
  read(supplier: string): Promise<Notes>;
  /**
   * Writes only over what was read, so that two writers never undo each other's.
   * @param before null where the field was not there
   * @param after null takes the field out
   * @returns false where another wrote meanwhile: read again
   */
  replace(supplier: string, field: string, before: string | null, after: string | null): Promise<boolean>;
}

export interface Notes {
  /** Epoch ms on the budget's own clock. */
  readonly at: number;
  readonly texts: ReadonlyMap<string, string>;
}

/** Since the last note was written: past the longest time that any of them is in force. */
const KEPT_FOR_MS = 7 * 24 * 3_600_000;

/** @param time instead of the server's own: a test turns a clock by hand */
export function redisLearntNotes(client: Redis, prefix: string, time = SERVER_TIME): LearntNotes {
  const notesKey = (supplier: string): string => `${prefix}learnt:{${supplier}}`;
  const readAll = luaScript(client, 'learnt-read.lua', time);
  const replace = luaScript(client, 'learnt-replace.lua');
  return {
    async read(supplier) {
      const [at = 0, ...pairs] = (await readAll([notesKey(supplier)], [])) as [number, ...string[]];
      const texts = new Map<string, string>();
      for (let index = 0; index + 1 < pairs.length; index += 2) {
        texts.set(String(pairs[index]), String(pairs[index + 1]));
      }
      return { at, texts };
    },
    async replace(supplier, field, before, after) {
      return (await replace([notesKey(supplier)], [field, before ?? '', after ?? '', KEPT_FOR_MS])) === 1;
    },
  };
}
