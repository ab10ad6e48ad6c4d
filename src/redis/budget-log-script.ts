import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from './connection.ts';

/**
 * Longest wait for one answer of Redis. The client's own time-out ends when a command is written to the socket, so a Redis
 * that is frozen or cut off would hold a caller for ever.
 */
const ANSWER_WITHIN_MS = 1_000;

export type LuaScript = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/**
 * A Lua file beside this module, run by its digest. A lost answer is never repeated: the script may have run.
 * @throws where Redis is away, answers late or refuses the script
 */
export function luaScript(client: Redis, file: string): LuaScript {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  const digest = createHash('sha1').update(source).digest('hex');
  return async (keys, args) => {
    const options = { keys: [...keys], arguments: args.map(String) };
    try {
      return await deadlined(client.evalSha(digest, options));
    } catch (error) {
      // Only this error proves that the script has not run.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return deadlined(client.eval(source, options));
    }
  };
}

/** Waits for Redis, but not longer than a caller can. */
export async function deadlined<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Redis did not answer within ${ANSWER_WITHIN_MS} ms.`)),
      ANSWER_WITHIN_MS,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}
