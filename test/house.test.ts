import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { connectors } from '../src/connectors/registry.ts';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
const entries = readdirSync(SRC, { withFileTypes: true, recursive: true }).map((entry) => ({
  isFolder: entry.isDirectory(),
  path: join(entry.parentPath, entry.name).slice(SRC.length),
}));
const sources = entries
  .filter(({ isFolder, path }) => !isFolder && /\.(?:ts|tsx|mjs|js)$/.test(path))
  .map(({ path }) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

/** Names that say nothing of what is inside, and so attract everything. */
const HUB_NAMES = ['utils', 'helpers', 'common', 'misc', 'shared', 'lib', 'types', 'manager', 'service'];
const MAX_LINES = 300;
const GENERATED = 'graphql/generated.ts';

/** Packages that belong to one room, with the places that may import them. */
const PACKAGE_ROOMS: readonly (readonly [room: string, packages: RegExp, places: RegExp])[] = [
  ['store', /^(?:knex|libsql|mysql2)(?:\/|$)/, /^store\//],
  ['redis', /^(?:redis|@keyv\/redis)(?:\/|$)/, /^redis\//],
  [
    'graphql',
    /^(?:graphql(?:-[a-z]+)?|@apollo\/server|@graphql-tools\/[a-z]+)(?:\/|$)/,
    /^(?:graphql\/|http\/|http\.ts$|app\.ts$|ide\/)/,
  ],
  ['outbound, the one way out', /^(?:ky|undici|axios|got|node-fetch)(?:\/|$)/, /^outbound\//],
];

describe('the house', () => {
  it('has a connector for each folder of src/connectors, and a folder for each connector', () => {
    const folders = readdirSync(join(SRC, 'connectors'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(Object.keys(connectors).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('looks at the sources', () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  it('has no hub file or folder', () => {
    const stem = (path: string): string => basename(path).replace(/\..*$/, '');
    expect(entries.map(({ path }) => path).filter((path) => HUB_NAMES.includes(stem(path)))).toEqual([]);
  });

  it('has no file over 300 lines of code', () => {
    const written = sources.filter(({ path }) => path.endsWith('.ts') && path !== GENERATED);
    expect(written.filter(({ text }) => linesOfCode(text) > MAX_LINES).map(({ path }) => path)).toEqual([]);
  });

  it('reads the environment in one place', () => {
    const readers = sources.filter(({ text }) => /process\s*\.\s*env\b|process\[['"]env/.test(text));
    expect(readers.map(({ path }) => path).filter((path) => !/^(?:config\.ts|[a-z-]+\.mjs)$/.test(path))).toEqual([]);
  });

  it.each(PACKAGE_ROOMS)('keeps the packages of %s in their room', (_, packages, places) => {
    const importers = sources.filter(({ text }) => importsOf(text).some((name) => packages.test(name)));
    expect(importers.length, 'the check finds the room itself').toBeGreaterThan(0);
    expect(importers.map(({ path }) => path).filter((path) => !places.test(path))).toEqual([]);
  });

  it('keeps every statement of SQL in the store', () => {
    const writers = sources.filter(({ text }) => /\bknex(?:\.raw)?\s*\(|\.raw\s*\(\s*['"`]/.test(text));
    expect(writers.map(({ path }) => path).filter((path) => !path.startsWith('store/'))).toEqual([]);
  });
});

/** Every module a file imports, types included, whatever the form. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? '');
}

/** Without blank lines and comments, as the linter counts them. */
function linesOfCode(text: string): number {
  return text.split('\n').filter((line) => !/^\s*(?:$|\/\/|\/?\*)/.test(line)).length;
}
