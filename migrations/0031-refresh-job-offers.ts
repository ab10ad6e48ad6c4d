// One line an offer of a forced refresh, in the order of the request: its progress is kept as it comes.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('refresh_job_offers')) return;
  await knex.schema.createTable('refresh_job_offers', (table) => {
    table.string('job_id', 36).collate('utf8mb4_bin').notNullable();
    table.integer('line').notNullable();
    table.string('offer_id', 16).collate('utf8mb4_bin').notNullable();
    table.string('supplier', 32).collate('utf8mb4_bin').notNullable();
    table.string('supplier_part_number', 128).collate('utf8mb4_bin').notNullable();
    table.string('state', 10).collate('utf8mb4_bin').notNullable();
    table.string('reason', 32).collate('utf8mb4_bin').nullable();
    table.bigInteger('retry_at').nullable();
    table.primary(['job_id', 'line']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('refresh_job_offers');
}
