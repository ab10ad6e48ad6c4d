// Changes: the feed of stock differences, written in the transaction that made them; positions are dense and in commit order.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('changes')) return;
  await knex.schema.createTable('changes', (t) => {
    // Not auto-increment: that is given out before commit, so a reader could pass a position that appears later.
    t.bigInteger('position').notNullable().primary();
    t.string('supplier', 32).collate('utf8mb4_bin').notNullable();
    t.string('supplier_part_number', 128).collate('utf8mb4_bin').notNullable();
    t.string('offer_id', 16).collate('utf8mb4_bin').notNullable();
    t.string('part_id', 16).collate('utf8mb4_bin').nullable();
    t.string('location', 64).collate('utf8mb4_bin').notNullable();
    t.string('before_quality', 12).collate('utf8mb4_bin').nullable();
    t.integer('before_quantity').nullable();
    t.string('after_quality', 12).collate('utf8mb4_bin').notNullable();
    t.integer('after_quantity').nullable();
    t.string('cause', 8).collate('utf8mb4_bin').notNullable();
    t.bigInteger('version').notNullable();
    t.bigInteger('recorded_at').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('changes');
}
