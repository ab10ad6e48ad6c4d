// The last position given in the change feed: one row, whose lock makes the order of positions the order of commits.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('change_position')) return;
  await knex.schema.createTable('change_position', (t) => {
    t.integer('id').notNullable().primary();
    t.bigInteger('position').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('change_position');
}
