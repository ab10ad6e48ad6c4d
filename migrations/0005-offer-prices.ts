// Prices: the lines of a price list, in whole 1/10000 so that both databases keep them exact.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('offer_prices')) return;
  await knex.schema.createTable('offer_prices', (t) => {
    t.string('offer_id', 16).collate('utf8mb4_bin').notNullable();
    t.string('account', 64).collate('utf8mb4_bin').notNullable();
    t.string('kind', 8).collate('utf8mb4_bin').notNullable();
    t.bigInteger('amount_scaled').notNullable();
    t.string('currency', 3).collate('utf8mb4_bin').notNullable();
    t.primary(['offer_id', 'account', 'kind']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('offer_prices');
}
