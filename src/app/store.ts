import { GatewayError } from '../domain/gateway-error.ts';
import { openDatabase, type Database } from '../store/database.ts';
import { migrateDatabase } from '../store/migrate.ts';

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
    throw new GatewayError(
      'STORE_UNAVAILABLE',
      `The database ${withoutPassword(url)} cannot be used: ${whatToDo(error)}`,
      {
        cause: error,
      },
    );
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
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
