import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { openApp, type App } from '../src/app.ts';
import { loadConfig, type ConfigSources } from '../src/config.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../src/sandbox/sandbox.ts';
import { createTestDatabase } from './sync/test-database.ts';

/** A gateway as `start` makes it, joined by the composition root, in front of a sandbox supplier over real HTTP. */
export interface WholeGateway {
  readonly url: string;
  readonly app: App;
  readonly sandbox: Sandbox;
  /** What was logged, as text. */
  logged(): string;
  ask<T = Record<string, unknown>>(query: string, variables?: Record<string, unknown>): Promise<Answer<T>>;
  /** Waits until every feed has been walked. */
  filled(): Promise<void>;
  close(): Promise<void>;
}

export interface Answer<T> {
  readonly data: T;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

type SupplierSettings = NonNullable<ConfigSources['suppliers']>[string];

export interface WholeGatewayOptions {
  /** `embedded`: SQLite and memory; `servers`: MariaDB and Redis. */
  readonly on: 'embedded' | 'servers';
  readonly sandbox?: SandboxOptions;
  readonly supplier?: Partial<SupplierSettings>;
  /** What callers may see; without it what a shop shows. */
  readonly anonymous?: NonNullable<ConfigSources['defaults']>['anonymous'];
  /** Instead of the Redis that the tests are given. */
  readonly redisUrl?: string;
}

const FILLED_WITHIN_MS = 90_000;

export async function startWholeGateway(options: WholeGatewayOptions): Promise<WholeGateway> {
  const sandbox = await startSandbox(options.sandbox ?? { parts: 200, movesPerSecond: 0 });
  const database = await createTestDatabase(options.on === 'embedded' ? 'sqlite' : 'mysql');
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const app = await openApp(configFor(options, database.url, sandbox.url), log);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    app,
    sandbox,
    logged: () => lines.join(''),
    ask: (query, variables) => ask(`${url}/graphql`, query, variables),
    filled: () => filled(app),
    async close() {
      await app.close();
      await sandbox.stop();
      await database.remove();
    },
  };
}

function configFor(
  options: WholeGatewayOptions,
  databaseUrl: string,
  sandboxUrl: string,
): ReturnType<typeof loadConfig> {
  const config = loadConfig({
    defaults: { ...(options.anonymous !== undefined && { anonymous: options.anonymous }) },
    environment: {
      MYSQL_URL: databaseUrl,
      SANDBOX_CLIENT_ID: 'sandbox',
      SANDBOX_CLIENT_SECRET: 'sandbox-secret',
      ...(options.on === 'servers' && { REDIS_URL: options.redisUrl ?? testRedisUrl() }),
    },
    suppliers: {
      sandbox: {
        connector: 'sandbox',
        baseUrl: sandboxUrl,
        credentials: { clientId: { env: 'SANDBOX_CLIENT_ID' }, clientSecret: { env: 'SANDBOX_CLIENT_SECRET' } },
        ...options.supplier,
      },
    },
  });
  return config.redis === null ? config : { ...config, redis: { ...config.redis, prefix: `whole-${randomUUID()}:` } };
}

function testRedisUrl(): string {
  const url = process.env['TEST_REDIS_URL'];
  if (url === undefined)
    throw new Error('TEST_REDIS_URL is not set: run the tests by `npm test`, or name a Redis as redis://host:port.');
  return url;
}

async function ask<T>(url: string, query: string, variables: Record<string, unknown> = {}): Promise<Answer<T>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answer<T>;
}

async function filled(app: App): Promise<void> {
  const giveUpAt = Date.now() + FILLED_WITHIN_MS;
  while (!(await app.isFilled())) {
    if (Date.now() > giveUpAt) throw new Error(`The copy is not filled after ${FILLED_WITHIN_MS} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
