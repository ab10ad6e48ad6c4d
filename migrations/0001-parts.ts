// Parts: one row for each brand + part number, whoever sells it; what a walk over the catalog is ordered by.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('parts')) return;
  await knex.schema.createTable('parts', (t) => {
    t.string('part_id', 16).collate('utf8mb4_bin').primary();
    // Longer than what is printed (128): some letters become two or three in capitals.
    t.string('brand_form', 255).collate('utf8mb4_bin').notNullable();
    t.string('number_form', 255).collate('utf8mb4_bin').notNullable();
    t.string('search_form', 255).collate('utf8mb4_bin').notNullable().index('parts_search');
    t.index(['brand_form', 'number_form', 'part_id'], 'parts_order');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('parts');
}
