import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const FACT_TABLES = 'parts|offers|stock_levels|price_lists|offer_prices|changes|change_position';
/** The only files that write supplier facts, and the only one that may use them. */
const WRITERS = /^store\/(?:write-[a-z-]+|upsert)\.ts$/;
const RECORDER = 'inventory/record.ts';
/** Old changes are dropped by age: that is no fact of a supplier's. */
const PRUNING = /\.knex\('changes'\)\.where\('position', '<', end\)\.delete\(\)/g;

interface Source {
  readonly path: string;
  readonly text: string;
}

/** Places outside the writers that write a table of supplier facts, by SQL or by the query builder. */
function writesOutside(sources: readonly Source[]): string[] {
  const sql = new RegExp(
    `\\b(?:insert\\s+(?:ignore\\s+)?into|replace\\s+into|update|delete\\s+from|truncate(?:\\s+table)?|load\\s+data[^;]*into\\s+table)\\s+[\`"]?(?:${FACT_TABLES})\\b`,
    'gi',
  );
  const builder = new RegExp(
    `['"\`](?:${FACT_TABLES})['"\`]\\s*\\)[^;]{0,2000}?\\.(?:insert|update|upsert|del|delete|truncate|increment|decrement|merge)\\(`,
    'gi',
  );
  return sources
    .filter(({ path }) => !WRITERS.test(path))
    .flatMap(({ path, text }) => {
      const rest = path === 'store/changes.ts' ? text.replace(PRUNING, '') : text;
      return [...rest.matchAll(sql), ...rest.matchAll(builder)].map((match) => `${path}: ${match[0].slice(0, 80)}`);
    });
}

/** Imports of what writes, types aside, by anything but the recorder and the writers themselves. */
function strangersAtTheDoor(sources: readonly Source[]): string[] {
  const imports =
    /(?:import|export)\s+(?!type\b)[^;]*?from\s+'[^']*\/((?:write-[a-z-]+|upsert)\.ts)'|import\('[^']*\/((?:write-[a-z-]+|upsert)\.ts)'\)/g;
  return sources
    .filter(({ path }) => path !== RECORDER && !WRITERS.test(path))
    .flatMap(({ path, text }) => [...text.matchAll(imports)].map((match) => `${path} imports ${match[1] ?? match[2]}`));
}

const sources: Source[] = readdirSync(SRC, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && /\.(?:ts|mjs|js)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name).slice(SRC.length))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

describe('G3', () => {
  it('no supplier fact is written outside record', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(writesOutside(sources)).toEqual([]);
    expect(strangersAtTheDoor(sources)).toEqual([]);
  });

  it.each([
    "await t.knex.raw('INSERT INTO stock_levels (offer_id) VALUES (?)', [id]);",
    "await t.knex.raw('update offers set stock_version = 0');",
    "await t.knex('parts').where({ part_id }).delete();",
    "await db\n    .knex('offer_prices')\n    .insert(rows);",
  ])('would be seen: %s', (text) => {
    expect(writesOutside([{ path: 'sync/run.ts', text }])).toHaveLength(1);
  });

  it('would see another user of the writers', () => {
    const text = "import { writeLevels } from '../store/write-stock-levels.ts';";
    expect(strangersAtTheDoor([{ path: 'sync/run.ts', text }])).toHaveLength(1);
  });
});
