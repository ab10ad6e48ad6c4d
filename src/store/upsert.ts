import type { Knex } from 'knex';
import { inChunks, ROWS_PER_STATEMENT } from './database.ts';
import type { Queryable } from './database.ts';

/** What a multi-row write is about. Rows are arrays in the order of `columns`. */
export interface Upsert {
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
  /** Columns set where the row is there already; none leaves it as it is, yet locks it. */
  readonly updates: readonly string[];
  /** The two columns that place a fact in time, the deciding one first: a row later than the written one keeps all it has. */
  readonly order: readonly [string, string] | null;
}

/** Inserts rows, or updates those that are there, a few hundred a statement. The caller sorts them by key: unsorted writers deadlock. */
export async function upsertRows(t: Queryable, upsert: Upsert, rows: readonly Knex.RawBinding[][]): Promise<void> {
  const onConflict = t.dialect === 'mysql' ? onConflictInMysql(upsert) : onConflictInSqlite(upsert);
  const row = `(${upsert.columns.map(() => '?').join(', ')})`;
  for (const some of inChunks(rows, ROWS_PER_STATEMENT)) {
    const values = new Array<string>(some.length).fill(row).join(', ');
    await t.knex.raw(
      `INSERT INTO ${upsert.table} (${upsert.columns.join(', ')}) VALUES ${values} ${onConflict}`,
      some.flat(),
    );
  }
}

/**
 * MySQL has no condition on the whole update, so each column carries it. Assignments run from left to right and see what was set
 * before them: the columns of the condition come last, the deciding one at the very end, else the guard would switch itself off.
 */
function onConflictInMysql({ key, updates, order }: Upsert): string {
  const [first, second] = order ?? [];
  if (updates.length === 0) return `ON DUPLICATE KEY UPDATE ${key[0]} = VALUES(${key[0]})`;
  if (first === undefined || second === undefined)
    return `ON DUPLICATE KEY UPDATE ${updates.map((column) => `${column} = VALUES(${column})`).join(', ')}`;
  const guard =
    `${first} IS NULL OR VALUES(${first}) > ${first}` +
    ` OR (VALUES(${first}) = ${first} AND VALUES(${second}) >= ${second})`;
  const guardLast = [...updates.filter((column) => column !== first && column !== second), second, first];
  return `ON DUPLICATE KEY UPDATE ${guardLast.map((column) => `${column} = IF(${guard}, VALUES(${column}), ${column})`).join(', ')}`;
}

function onConflictInSqlite({ table, key, updates, order }: Upsert): string {
  const conflict = `ON CONFLICT (${key.join(', ')})`;
  if (updates.length === 0) return `${conflict} DO NOTHING`;
  const set = updates.map((column) => `${column} = excluded.${column}`).join(', ');
  if (order === null) return `${conflict} DO UPDATE SET ${set}`;
  const [first, second] = order;
  return (
    `${conflict} DO UPDATE SET ${set} WHERE ${table}.${first} IS NULL` +
    ` OR (excluded.${first}, excluded.${second}) >= (${table}.${first}, ${table}.${second})`
  );
}
