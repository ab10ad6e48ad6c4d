import { createClient } from 'redis';
import type { Logger } from 'pino';

/** A client that answers or fails soon: no queue while it is away, bounds on connecting and on each command. */
export type Redis = ReturnType<typeof createClient>;

const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 1_000;
const RECONNECT_AT_MOST_MS = 2_000;

/**
 * Connects in the background for ever; a Redis that is away is a state, not an error to die of.
 * @param url `redis://…` or `rediss://…`
 */
export function connectRedis(url: string, log: Logger): Redis {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: COMMAND_TIMEOUT_MS },
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 6), RECONNECT_AT_MOST_MS),
    },
  });
  let isAway = false;
  client.on('error', (error: Error) => {
    if (!isAway) log.warn({ err: { message: error.message } }, 'redis is away');
    isAway = true;
  });
  client.on('ready', () => {
    if (isAway) log.info('redis is back');
    isAway = false;
  });
  void client.connect().catch(() => undefined);
  return client as Redis;
}
