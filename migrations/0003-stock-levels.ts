// Stock levels: the quantity of an offer at a location, rewritten only when it moves.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('stock_levels')) return;
  await knex.schema.createTable('stock_levels', (t) => {
    t.string('offer_id', 16).collate('utf8mb4_bin').notNullable();
    t.string('location', 64).collate('utf8mb4_bin').notNullable();
    t.string('quality', 12).collate('utf8mb4_bin').notNullable();
    // Null where the quality has no number: unknown is never zero.
    t.integer('quantity').nullable();
    t.bigInteger('version').notNullable();
    t.bigInteger('observed_at').notNullable();
    t.bigInteger('source_as_of').nullable();
    t.primary(['offer_id', 'location']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('stock_levels');
}
