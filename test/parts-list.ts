import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));
const REAL = join(
  process.env['PARTS_DATA'] ?? join(PROJECT, '..', 'shared', 'data'),
  'slg-british-classics',
  'Parts_database.txt',
);

/** Numbers that real lists hold and programs trip over, with what they stand for. */
const TRAPS: readonly (readonly [string, string])[] = [
  ['14E4289', 'CHECK STRAP MINI RED'],
  ['1E5537', 'LOOKS LIKE A FLOAT'],
  ['128100', 'USE 152770'],
  ['128-100', 'REAR PINION BRG TC N'],
  ['021-250#', 'S/C 021-250'],
  ['AESA1096X4MAH', 'USE AESA1096X4MAH'],
  ['AESA1096X4MAH', 'P+LINERX4,86STD MAHL'],
  ['2204', 'USE 12H2178'],
  ['007', 'LEADING ZEROS'],
  ['CSA4008/9', 'TWO PARTS IN ONE'],
];
const LINES = 34_393;

/** Which list `partsList` gives here, for the titles of the tests that use it. */
export const PARTS_LIST_ORIGIN = existsSync(REAL) ? "a garage's real list" : 'a list made to the pattern of a real one';

/** A `part;label` list of 34,393 lines: the real one of a garage for British classics where it is at hand, else one made to its pattern. */
export function partsList(): string {
  if (existsSync(REAL)) return REAL;
  const made = Array.from(
    { length: LINES - TRAPS.length },
    (_, index) => [madeNumber(index), `MADE UP LABEL ${index}`] as const,
  );
  const file = join(mkdtempSync(join(tmpdir(), 'parts-list-')), 'Parts_database.txt');
  writeFileSync(file, [...TRAPS, ...made].map((line) => `${line.join(';')}\r\n`).join(''), 'latin1');
  return file;
}

function madeNumber(index: number): string {
  const digits = String(index).padStart(6, '0');
  return (
    [`GEX${digits}`, `${digits.slice(0, 3)}-${digits.slice(3)}X`, `AJM${digits}=`, `${digits}/2 PAIR`][index % 4] ??
    digits
  );
}
