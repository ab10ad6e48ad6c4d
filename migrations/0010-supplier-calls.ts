// The call ledger: one row for each permit before its call is sent, so that the budget's past survives the loss of Redis.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('supplier_calls')) return;
  await knex.schema.createTable('supplier_calls', (t) => {
    t.string('permit_id', 36).collate('utf8mb4_bin').primary();
    t.string('supplier', 32).collate('utf8mb4_bin').notNullable();
    t.string('account', 64).collate('utf8mb4_bin').notNullable();
    t.string('call_class', 64).collate('utf8mb4_bin').notNullable();
    t.string('lane', 16).collate('utf8mb4_bin').notNullable();
    // Both on the budget's clock.
    t.bigInteger('granted_at_ms').notNullable();
    t.bigInteger('answered_at_ms').nullable();
    // How long after the grant the call could still arrive.
    t.bigInteger('hold_ms').notNullable();
    t.integer('status').nullable();
    t.index(['supplier', 'granted_at_ms', 'permit_id'], 'supplier_calls_recent');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('supplier_calls');
}
