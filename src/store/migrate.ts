import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import type { Database } from './database.ts';

interface Migration {
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

const FOLDER = new URL('../../migrations/', import.meta.url);
const LOCK_NAME = 'parts_gateway_migrate';
const LOCK_WAIT_SECONDS = 120;

/**
 * Brings the database to the newest migration. Several processes may start at once: one migrates, the others wait.
 * The lock is the connection's own (GET_LOCK), so it ends with its holder; knex's lock row, which a killed process would leave
 * set for ever, is off. Each migration is one step and may be run again.
 * @returns names of the migrations applied now
 */
export async function migrateDatabase(db: Database): Promise<string[]> {
  const migrate = async (knex: Knex): Promise<string[]> => {
    const [, applied] = (await knex.migrate.latest({
      migrationSource,
      disableTransactions: true,
      disableMigrationsListValidation: false,
    })) as [number, string[]];
    return applied;
  };
  if (db.dialect === 'sqlite') return migrateUnlocked(db.knex, migrate);
  return db.knex.transaction(async (holder) => {
    const [rows] = (await holder.raw('SELECT GET_LOCK(?, ?) AS got', [LOCK_NAME, LOCK_WAIT_SECONDS])) as [
      { got: number }[],
    ];
    if (rows[0]?.got !== 1)
      throw new Error(
        `Another process has been migrating the database for ${LOCK_WAIT_SECONDS} s; start again when it is done.`,
      );
    try {
      return await migrateUnlocked(db.knex, migrate);
    } finally {
      await holder.raw('SELECT RELEASE_LOCK(?)', [LOCK_NAME]);
    }
  });
}

/** Names of the migrations still to be applied. Changes nothing; knex's own list would create its tables. */
export async function pendingMigrations({ knex }: Database): Promise<string[]> {
  const hasTable = await knex.schema.hasTable('knex_migrations');
  const rows = hasTable ? await knex<{ name: string }>('knex_migrations').select('name') : [];
  const applied = new Set(rows.map((row) => row.name));
  return (await migrationSource.getMigrations([])).filter((name) => !applied.has(name));
}

/** Clears knex's own lock row, which only a killed process can have left: ours is held. */
async function migrateUnlocked(knex: Knex, migrate: (knex: Knex) => Promise<string[]>): Promise<string[]> {
  if (await knex.schema.hasTable('knex_migrations_lock')) await knex('knex_migrations_lock').update({ is_locked: 0 });
  return migrate(knex);
}

/** Migrations by name without extension: the same names from the sources and from the build. */
const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: () =>
    Promise.resolve(
      readdirSync(FOLDER)
        .filter((file) => /^\d{4}-.*\.(ts|js)$/.test(file) && !file.endsWith('.d.ts'))
        .map((file) => file.replace(/\.(ts|js)$/, ''))
        .sort(),
    ),
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    return (await import(new URL(`${name}${extension}`, FOLDER).href)) as Migration;
  },
};
