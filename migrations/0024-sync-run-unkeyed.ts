// Sync runs: how many pieces of their pages named no offer. A delta with one of them cannot say that what it did not name is unchanged.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasColumn('sync_runs', 'unkeyed')) return;
  await knex.schema.alterTable('sync_runs', (t) => {
    t.integer('unkeyed').notNullable().defaultTo(0);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('sync_runs', (t) => {
    t.dropColumn('unkeyed');
  });
}
