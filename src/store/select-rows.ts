import type { Knex } from 'knex';
import type { Queryable } from './database.ts';

/** Runs a SELECT written out by hand: knex's builder costs more than the database on the hot paths. */
export async function selectRows<Row>(
  db: Queryable,
  sql: string,
  bindings: readonly Knex.RawBinding[],
): Promise<Row[]> {
  const answer: unknown = await db.knex.raw(sql, bindings);
  return (db.dialect === 'mysql' ? (answer as [Row[], unknown])[0] : answer) as Row[];
}

/** `?, ?, ?` for an IN list. */
export function placeholders(count: number): string {
  return new Array<string>(count).fill('?').join(', ');
}
