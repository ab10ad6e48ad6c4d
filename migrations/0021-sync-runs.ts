// One row a walk over a feed, with where its next page starts: saved together with each page, so a killed run can go on.
// The index finds the unfinished run of a feed, and the old ones to forget.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('sync_runs')) return;
  await knex.schema.createTable('sync_runs', (t) => {
    t.string('id', 36).collate('utf8mb4_bin').primary();
    t.string('supplier', 32).collate('utf8mb4_bin').notNullable();
    t.string('feed', 16).collate('utf8mb4_bin').notNullable();
    t.string('mode', 16).collate('utf8mb4_bin').notNullable();
    t.string('state', 8).collate('utf8mb4_bin').notNullable();
    t.bigInteger('since');
    t.text('page_token').collate('utf8mb4_bin');
    t.integer('pages').notNullable().defaultTo(0);
    t.bigInteger('row_count').notNullable().defaultTo(0);
    t.bigInteger('rejected').notNullable().defaultTo(0);
    t.bigInteger('first_asked_at_supplier');
    t.bigInteger('first_sent_at');
    t.bigInteger('started_at').notNullable();
    t.bigInteger('page_at').notNullable();
    t.bigInteger('ended_at');
    t.string('last_error', 1000).collate('utf8mb4_bin');
    t.index(['supplier', 'feed', 'state', 'ended_at'], 'sync_runs_by_feed');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('sync_runs');
}
