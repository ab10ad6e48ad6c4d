import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/store/database.ts';
import type { Database, Dialect } from '../../src/store/database.ts';
import { migrateDatabase } from '../../src/store/migrate.ts';

export interface TestDatabase {
  readonly db: Database;
  /** What another process opens it by. */
  readonly url: string;
  remove(): Promise<void>;
}

export const DIALECTS: readonly Dialect[] = ['sqlite', 'mysql'];

/** A database of its own, migrated: a SQLite file in a temporary folder, or a new one on the MariaDB that the tests are given. */
export async function createTestDatabase(dialect: Dialect): Promise<TestDatabase> {
  const { url, removeWhole } = dialect === 'sqlite' ? newFile() : await newMysqlDatabase();
  const db = openDatabase({ url });
  await migrateDatabase(db);
  const remove = async (): Promise<void> => {
    await db.close();
    await removeWhole();
  };
  return { db, url, remove };
}

interface NewDatabase {
  readonly url: string;
  removeWhole(): Promise<void>;
}

function newFile(): NewDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'parts-gateway-sync-'));
  return {
    url: `sqlite:${join(folder, 'copy.db')}`,
    removeWhole: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function newMysqlDatabase(): Promise<NewDatabase> {
  const server = process.env['TEST_MYSQL_URL'];
  if (server === undefined)
    throw new Error(
      'TEST_MYSQL_URL is not set: run the tests by `npm test`, or name a MariaDB as mysql://user@host:port/.',
    );
  const name = `sync_${randomUUID().replaceAll('-', '')}`;
  const admin = openDatabase({ url: server, poolSize: 1 });
  await admin.knex.raw('CREATE DATABASE ?? CHARACTER SET utf8mb4', [name]);
  await admin.close();
  return {
    url: new URL(name, server).href,
    async removeWhole() {
      const again = openDatabase({ url: server, poolSize: 1 });
      await again.knex.raw('DROP DATABASE ??', [name]);
      await again.close();
    },
  };
}
