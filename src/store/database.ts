import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import knex from 'knex';
import type { Knex } from 'knex';
import { GatewayError } from '../domain/gateway-error.ts';
import { LibsqlClient } from './libsql-client.ts';

export type Dialect = 'mysql' | 'sqlite';

/** Where statements run: the database itself, or one transaction of it. Inside a transaction use only the transaction's. */
export interface Queryable {
  readonly dialect: Dialect;
  readonly knex: Knex;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction and repeats it as a whole, at most `TRANSACTION_TRIES` times, where the database chose it
   * as a deadlock's victim. `work` must await nothing but statements of its own transaction: SQLite has one connection.
   */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseSettings {
  /** `mysql://user:password@host:port/name` or `sqlite:path/to/file.db`. */
  readonly url: string;
  readonly poolSize?: number;
}

/** Keys in one IN list, and rows in one INSERT: both databases take these. */
export const KEYS_PER_STATEMENT = 1_000;
export const ROWS_PER_STATEMENT = 250;

const TRANSACTION_TRIES = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const ACQUIRE_TIMEOUT_MS = 10_000;

/** What knex would print past the log, statements and addresses included; every error it prints is thrown as well. */
const nothing = (): void => undefined;
const SILENT: NonNullable<Knex.Config['log']> = { debug: nothing, warn: nothing, error: nothing, deprecate: nothing };

export function openDatabase(settings: DatabaseSettings): Database {
  const dialect = dialectOf(settings.url);
  const connections = dialect === 'mysql' ? openMysql(settings) : openSqlite(settings.url);
  return {
    dialect,
    knex: connections,
    transaction: (work) => inTransaction(connections, dialect, work),
    close: () => connections.destroy(),
  };
}

/** Rejects where the database does not answer. */
export async function pingDatabase(db: Queryable): Promise<void> {
  await db.knex.raw('SELECT 1');
}

/** Splits a list so that each part fits one statement. */
export function inChunks<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}

/** For logs: a database's message holds the statement with its values, prices included, so only its code may be told. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

function dialectOf(url: string): Dialect {
  if (/^(mysql|mariadb):\/\//.test(url)) return 'mysql';
  if (url.startsWith('sqlite:')) return 'sqlite';
  throw new GatewayError(
    'CONFIG_INVALID',
    `The database URL must begin with "mysql://" or "sqlite:"; it begins with "${url.slice(0, url.indexOf(':') + 1)}".`,
  );
}

function openMysql(settings: DatabaseSettings): Knex {
  const url = new URL(settings.url);
  return knex({
    client: 'mysql2',
    log: SILENT,
    connection: {
      host: url.hostname,
      port: url.port === '' ? 3306 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      timezone: 'Z',
      supportBigNumbers: true,
      jsonStrings: true,
      decimalNumbers: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
    } as Knex.MySql2ConnectionConfig,
    pool: { min: 0, max: settings.poolSize ?? 10 },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
  });
}

/** One connection: with two, overlapping transactions block the event loop for the whole busy time-out. */
function openSqlite(url: string): Knex {
  const filename = url.slice('sqlite:'.length);
  if (filename !== ':memory:') mkdirSync(dirname(filename), { recursive: true });
  return knex({
    client: LibsqlClient,
    log: SILENT,
    connection: { filename },
    useNullAsDefault: true,
    pool: { min: 1, max: 1, idleTimeoutMillis: 2 ** 31 - 1 },
  });
}

async function inTransaction<T>(
  connections: Knex,
  dialect: Dialect,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connections.transaction((transaction) => work({ dialect, knex: transaction }));
    } catch (error) {
      if (attempt === TRANSACTION_TRIES || !isDeadlock(error)) throw error;
    }
  }
}

/**
 * InnoDB 1213 (deadlock), 1205 (lock wait time-out) and 1020 (the row has moved under a snapshot, MariaDB 11.6): the whole
 * transaction is to be repeated, never its last statement.
 */
function isDeadlock(error: unknown): boolean {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return errno === 1213 || errno === 1205 || errno === 1020;
}
