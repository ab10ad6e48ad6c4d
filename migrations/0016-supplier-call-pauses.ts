// A pause that a supplier asked for survives the loss of Redis; and each call says when it was by a wall clock, as the budget's own
// clock may stand still while a machine is suspended, or be set.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasColumn('supplier_calls', 'paused_until_ms')) return;
  await knex.schema.alterTable('supplier_calls', (t) => {
    // On the budget's clock; null where the answer asked for no pause.
    t.bigInteger('paused_until_ms').nullable();
    // On the clock of the calling host, right before the grant was asked for; null in rows older than this column.
    t.bigInteger('wall_at_ms').nullable();
    t.index(['supplier', 'wall_at_ms', 'granted_at_ms'], 'supplier_calls_recent_by_wall');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('supplier_calls', (t) => {
    t.dropIndex(['supplier', 'wall_at_ms', 'granted_at_ms'], 'supplier_calls_recent_by_wall');
  });
  await knex.schema.alterTable('supplier_calls', (t) => {
    t.dropColumns('paused_until_ms', 'wall_at_ms');
  });
}
