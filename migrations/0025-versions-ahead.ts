// Facts recorded with a version later than they were asked for: they would outrank everything said since. Each is placed where it
// was asked, as `notAhead` in domain/fact-time.ts does for new ones.
import type { Knex } from 'knex';

const AHEAD_MS = 300_000;
const FAMILIES = [
  ['offers', 'catalog_'],
  ['offers', 'stock_'],
  ['offers', 'absent_'],
  ['stock_levels', ''],
  ['price_lists', ''],
] as const;

export async function up(knex: Knex): Promise<void> {
  for (const [table, family] of FAMILIES)
    await knex(table)
      .where(`${family}version`, '>', knex.raw(`${family}observed_at + ${AHEAD_MS}`))
      .update({ [`${family}version`]: knex.ref(`${family}observed_at`) });
}

export async function down(): Promise<void> {
  // What the versions were is not known any more, and was not true.
}
