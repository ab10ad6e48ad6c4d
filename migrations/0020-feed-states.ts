// Where each feed of a supplier stands: what its copy is complete up to, and when it is due again.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('feed_states')) return;
  await knex.schema.createTable('feed_states', (t) => {
    t.string('supplier', 32).collate('utf8mb4_bin').notNullable();
    t.string('feed', 16).collate('utf8mb4_bin').notNullable();
    t.bigInteger('watermark');
    t.bigInteger('confirmed_at');
    t.bigInteger('full_started_at');
    t.bigInteger('full_completed_at');
    t.bigInteger('full_due_at').notNullable();
    t.bigInteger('incremental_due_at').notNullable();
    t.integer('failures').notNullable().defaultTo(0);
    t.string('last_error', 1000).collate('utf8mb4_bin');
    t.bigInteger('last_ended_at');
    t.primary(['supplier', 'feed']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('feed_states');
}
