import { createClient } from 'redis';
import type { Logger } from 'pino';

/** A client that answers or fails soon: no queue while it is away, bounds on connecting and on each command. */
export type Redis = ReturnType<typeof createClient>;

/**
 * Longest wait for one answer of Redis. The client's own time-out ends when a command is written to the socket, so a Redis
 * that is frozen or cut off would hold a caller for ever.
 */
const ANSWER_WITHIN_MS = 1_000;
const PING_EVERY_MS = 2_000;
const SILENCES_AT_MOST = 2;
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
  replaceWhenSilent(client as Redis);
  return client as Redis;
}

/**
 * A connection whose other end is gone without a word (a failover, a cut cable) would be waited on until TCP gives up, for many minutes:
 * one that twice in a row does not answer a ping in time is replaced. Its subscriptions move along. Ends with the client.
 */
export function replaceWhenSilent(client: Redis): void {
  let silences = 0;
  let isReplacing = false;
  const look = async (): Promise<void> => {
    if (!client.isReady || isReplacing) return;
    const isSilent = await deadlined(client.ping()).then(
      () => false,
      () => true,
    );
    silences = isSilent && client.isReady ? silences + 1 : 0;
    if (silences < SILENCES_AT_MOST) return;
    silences = 0;
    isReplacing = true;
    client.destroy();
    isReplacing = false;
    void client.connect().catch(() => undefined);
  };
  const timer = setInterval(() => void look(), PING_EVERY_MS);
  timer.unref();
  client.on('end', () => {
    if (!isReplacing) clearInterval(timer);
  });
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
