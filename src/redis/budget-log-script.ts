import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deadlined, type Redis } from './connection.ts';

export type LuaScript = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** The one way in which the scripts read the time: seconds and microseconds, as text, of the server's own clock. */
export const SERVER_TIME = "redis.call('TIME')";

/**
 * A Lua file beside this module, run by its digest. A lost answer is never repeated: the script may have run.
 * @param time a Lua expression of the shape of `SERVER_TIME`, put in its place: a test turns a clock of its own by hand
 * @throws where Redis is away, answers late or refuses the script
 */
export function luaScript(client: Redis, file: string, time = SERVER_TIME): LuaScript {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8').replaceAll(SERVER_TIME, time);
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
