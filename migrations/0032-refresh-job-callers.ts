// Callers take turns and have a share each: the next of them, and what one has asked for of late, are found without a scan.
import type { Knex } from 'knex';

const INDEXES = {
  refresh_jobs_turn: 'state, caller, requested_at',
  refresh_jobs_of_caller: 'caller, requested_at',
};

export async function up(knex: Knex): Promise<void> {
  for (const [name, columns] of Object.entries(INDEXES)) {
    await knex.raw(`CREATE INDEX ${name} ON refresh_jobs (${columns})`).catch(unlessThere);
  }
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('refresh_jobs', (table) => {
    for (const name of Object.keys(INDEXES)) table.dropIndex([], name);
  });
}

/** A migration that was killed half-way is run again. */
function unlessThere(error: Error): void {
  if (!/duplicate key name|already exists/i.test(error.message)) throw error;
}
