// The one row of change_position, in a step of its own so that a start broken off between the two is healed by the next.
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex('change_position').insert({ id: 1, position: 0 }).onConflict('id').ignore();
}

export async function down(knex: Knex): Promise<void> {
  await knex('change_position').delete();
}
