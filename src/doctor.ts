import { pino } from 'pino';
import { openPorts } from './app/ports.ts';
import { countPendingMigrations } from './app/store.ts';
import type { Config } from './config.ts';

export interface Finding {
  readonly isWell: boolean;
  /** What was looked at, what was found, and what to do where it is not well. */
  readonly text: string;
}

const REDIS_WITHIN_MS = 3_000;

/** Looks at what the gateway needs, one after another, and says what to mend. Calls no supplier. */
export async function examine(load: () => Config): Promise<Finding[]> {
  let config: Config;
  try {
    config = load();
  } catch (error) {
    return [{ isWell: false, text: sentence(error) }];
  }
  return [
    { isWell: true, text: 'configuration is complete, credentials can be read' },
    ...examineSuppliers(config),
    await examineDatabase(config),
    await examineRedis(config),
  ];
}

function examineSuppliers({ suppliers }: Config): Finding[] {
  if (suppliers.length === 0) return [{ isWell: false, text: 'no supplier is configured: name one under "suppliers"' }];
  return suppliers.map(({ id, connector, baseUrl, profile }) => {
    const isPlain =
      new URL(baseUrl).protocol === 'http:' && !/^(127\.|localhost$|\[::1\]$)/.test(new URL(baseUrl).hostname);
    const text = `supplier ${id}: connector ${connector.name} at ${new URL(baseUrl).origin}, ${Math.round(profile.share * 100)} % of its limits`;
    return isPlain
      ? { isWell: false, text: `${text}; its baseUrl is http: the credentials would travel in clear, use https` }
      : { isWell: true, text };
  });
}

async function examineDatabase({ database }: Config): Promise<Finding> {
  try {
    const pending = await countPendingMigrations(database.url);
    if (pending === 0) return { isWell: true, text: 'database answers and is up to date' };
    const what =
      pending === null ? 'the database file is not there yet' : `database answers; ${pending} migrations to apply`;
    return { isWell: false, text: `${what}: npm run gateway -- migrate` };
  } catch (error) {
    return { isWell: false, text: sentence(error) };
  }
}

async function examineRedis({ redis }: Config): Promise<Finding> {
  if (redis === null) return { isWell: true, text: 'no Redis: one process, calls counted in its memory' };
  const ports = openPorts(redis, pino({ level: 'silent' }));
  try {
    const policy = await firstAnswer(() => ports.evictionPolicy());
    return policy === 'noeviction'
      ? { isWell: true, text: 'Redis answers and evicts nothing' }
      : {
          isWell: false,
          text: `Redis answers, but maxmemory-policy is ${policy}: set noeviction, or counted calls may be forgotten`,
        };
  } catch {
    return {
      isWell: false,
      text: 'Redis does not answer: start it or mend REDIS_URL. Until then no supplier is called.',
    };
  } finally {
    await ports.close();
  }
}

/** The connection is made in the background: asks until it answers. */
async function firstAnswer<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + REDIS_WITHIN_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
