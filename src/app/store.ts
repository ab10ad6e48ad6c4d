import { existsSync } from 'node:fs';
import { GatewayError } from '../domain/gateway-error.ts';
import { openDatabase, type Database } from '../store/database.ts';
import { migrateDatabase, pendingMigrations } from '../store/migrate.ts';

/**
 * Opens the database and brings it up to date.
 * @throws GatewayError STORE_UNAVAILABLE that names the server and what to do, never the password
 */
export async function openStore(url: string): Promise<Database> {
  const db = openDatabase({ url });
  try {
    await migrateDatabase(db);
    return db;
  } catch (error) {
    await db.close();
    throw unusable(url, error);
  }
}

/**
 * Looks at the database and changes nothing.
 * @returns how many migrations are still to be applied; null where the file is not there yet
 * @throws GatewayError STORE_UNAVAILABLE as `openStore`
 */
export async function countPendingMigrations(url: string): Promise<number | null> {
  if (url.startsWith(SQLITE) && !existsSync(url.slice(SQLITE.length))) return null;
  const db = openDatabase({ url });
  try {
    return (await pendingMigrations(db)).length;
  } catch (error) {
    throw unusable(url, error);
  } finally {
    await db.close();
  }
}

const SQLITE = 'sqlite:';

function unusable(url: string, cause: unknown): GatewayError {
  const message = `The database ${withoutPassword(url)} cannot be used: ${whatToDo(cause)}`;
  return new GatewayError('STORE_UNAVAILABLE', message, { cause });
}

/** Up to the last `@`: a password may hold one. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/.*@/s, '//');
}

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Start the server or mend MYSQL_URL.',
  ENOTFOUND: 'there is no host of that name. Mend MYSQL_URL.',
  ETIMEDOUT: 'it does not answer. Check host, port and firewall.',
  ER_ACCESS_DENIED_ERROR: 'it refuses the user or password in MYSQL_URL.',
  ER_DBACCESS_DENIED_ERROR: 'the user may not use this database. Grant it all rights on it.',
  ER_BAD_DB_ERROR: 'there is no database of that name. Create it: CREATE DATABASE … CHARACTER SET utf8mb4.',
};

function whatToDo(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ADVICE[code] ?? (error instanceof Error ? error.message : 'for a reason unknown.');
}
