// Offers: which full run saw one, and when something said of its stock could not be taken. Both decide whether a run that was silent
// about the offer speaks for it.
import type { Knex } from 'knex';

const COLUMNS = ['stock_seen_by_full_at', 'stock_doubted_at'];

export async function up(knex: Knex): Promise<void> {
  for (const column of COLUMNS) {
    if (await knex.schema.hasColumn('offers', column)) continue;
    await knex.schema.alterTable('offers', (t) => {
      t.bigInteger(column).nullable();
    });
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const column of COLUMNS)
    await knex.schema.alterTable('offers', (t) => {
      t.dropColumn(column);
    });
}
