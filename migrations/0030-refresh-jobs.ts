// Forced refreshes outlive the process that took them: a job is one row, found again by its caller's idempotency key.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('refresh_jobs')) return;
  await knex.schema.createTable('refresh_jobs', (table) => {
    table.string('job_id', 36).collate('utf8mb4_bin').primary();
    table.string('caller', 64).collate('utf8mb4_bin').notNullable();
    table.string('idempotency_key', 36).collate('utf8mb4_bin').notNullable();
    table.string('input_digest', 43).collate('utf8mb4_bin').notNullable();
    table.string('state', 8).collate('utf8mb4_bin').notNullable();
    table.bigInteger('requested_at').notNullable();
    table.bigInteger('ended_at').nullable();
    table.string('owner', 64).collate('utf8mb4_bin').nullable();
    table.bigInteger('owned_until').nullable();
    table.unique(['caller', 'idempotency_key']);
    table.index(['state', 'requested_at']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('refresh_jobs');
}
