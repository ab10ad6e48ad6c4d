// Offers: one row for each supplier's listing, with the latest word of its catalog and the times its facts are ordered by.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('offers')) return;
  await knex.schema.createTable('offers', (t) => {
    t.string('offer_id', 16).collate('utf8mb4_bin').primary();
    t.string('supplier', 32).collate('utf8mb4_bin').notNullable();
    t.string('supplier_part_number', 128).collate('utf8mb4_bin').notNullable();
    // Null while the catalog has not said which part it is: stock may be seen first.
    t.string('part_id', 16).collate('utf8mb4_bin').nullable().index('offers_part');
    t.string('brand', 128).collate('utf8mb4_bin').nullable();
    t.string('part_number', 128).collate('utf8mb4_bin').nullable();
    t.text('title').nullable();
    t.integer('pack_quantity').notNullable().defaultTo(1);
    t.boolean('is_discontinued').notNullable().defaultTo(false);
    t.text('superseded_by').nullable();
    for (const family of ['catalog', 'stock', 'absent']) {
      t.bigInteger(`${family}_version`).nullable();
      t.bigInteger(`${family}_observed_at`).nullable();
      t.bigInteger(`${family}_source_as_of`).nullable();
    }
    t.index(['supplier', 'stock_observed_at'], 'offers_stock_age');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('offers');
}
