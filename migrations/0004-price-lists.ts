// Price lists: when an account's prices of an offer were true; a list is replaced as a whole.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('price_lists')) return;
  await knex.schema.createTable('price_lists', (t) => {
    t.string('offer_id', 16).collate('utf8mb4_bin').notNullable();
    t.string('account', 64).collate('utf8mb4_bin').notNullable();
    t.bigInteger('version').notNullable();
    t.bigInteger('observed_at').notNullable();
    t.bigInteger('source_as_of').nullable();
    t.primary(['offer_id', 'account']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('price_lists');
}
