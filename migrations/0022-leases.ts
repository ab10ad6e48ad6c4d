// Who may do what, until when. The fence grows at each take, so that a holder who wakes late is told from the one after it.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('leases')) return;
  await knex.schema.createTable('leases', (t) => {
    t.string('name', 96).collate('utf8mb4_bin').primary();
    t.string('owner', 64).collate('utf8mb4_bin');
    t.bigInteger('fence').notNullable();
    t.bigInteger('held_until').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('leases');
}
