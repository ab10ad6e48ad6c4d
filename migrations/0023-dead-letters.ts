// What suppliers sent and could not be taken, with the reason. The id is derived from supplier, key and reason: the same slip
// repeated is one row that counts. The index is for looking at a supplier's latest, and for forgetting the oldest.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('dead_letters')) return;
  await knex.schema.createTable('dead_letters', (t) => {
    t.string('id', 16).collate('utf8mb4_bin').primary();
    t.string('supplier', 32).collate('utf8mb4_bin').notNullable();
    t.string('supplier_part_number', 128).collate('utf8mb4_bin');
    t.string('reason', 1000).collate('utf8mb4_bin').notNullable();
    t.text('raw').collate('utf8mb4_bin').notNullable();
    t.string('cause', 16).collate('utf8mb4_bin').notNullable();
    t.integer('times').notNullable();
    t.bigInteger('first_at').notNullable();
    t.bigInteger('last_at').notNullable();
    t.index(['last_at', 'id'], 'dead_letters_by_last');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('dead_letters');
}
