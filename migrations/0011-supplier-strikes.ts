// Being over a supplier's limit can cost the credentials after some times: each time is kept, by the window it was about.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('supplier_strikes')) return;
  await knex.schema.createTable('supplier_strikes', (t) => {
    t.string('supplier', 32).collate('utf8mb4_bin').notNullable();
    // Whose limit it was; `address` for one that counts all accounts together.
    t.string('account', 64).collate('utf8mb4_bin').notNullable();
    t.string('limit_name', 64).collate('utf8mb4_bin').notNullable();
    t.bigInteger('window_ms').notNullable();
    // Which of the windows since 1970: two processes that are refused at once count once.
    t.bigInteger('window_number').notNullable();
    t.bigInteger('at_ms').notNullable();
    t.boolean('is_explained').notNullable();
    t.primary(['supplier', 'account', 'limit_name', 'window_ms', 'window_number']);
    t.index(['supplier', 'at_ms'], 'supplier_strikes_recent');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('supplier_strikes');
}
