import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partId } from '../../src/domain/identity.ts';
import { generateLines } from '../../src/sandbox/catalog.ts';
import { readCatalogFile } from '../../src/sandbox/catalog-file.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { generateStockRows, wireCount } from '../../src/sandbox/stock.ts';
import { PARTS_LIST_ORIGIN, partsList } from '../parts-list.ts';
import { createHandClock } from './hand-clock.ts';
import { createSandboxClient, type Row } from './sandbox-client.ts';

const PARTS_LIST = partsList();

describe('one seed, one supplier', () => {
  it('answers byte for byte the same in two runs, and otherwise with another seed', async () => {
    const [first, second, other] = [await allAnswers(11), await allAnswers(11), await allAnswers(12)];
    expect(second).toBe(first);
    expect(other).not.toBe(first);
  });

  async function allAnswers(seed: number): Promise<string> {
    const sandbox = await startSandbox({ parts: 300, pageSize: 150, seed, limits: [], clock: createHandClock() });
    const client = createSandboxClient(sandbox.url);
    sandbox.control.moveStock(500);
    const paths = ['catalog', 'stock', 'prices'].flatMap((list) => [`/v1/${list}?page=1`, `/v1/${list}?page=2`]);
    const token = { grant_type: 'client_credentials', client_id: 'sandbox', client_secret: 'sandbox-secret' };
    const replies = await Promise.all([...paths.map((path) => client.get(path))]);
    replies.push(await client.post('/oauth/token', token));
    await sandbox.stop();
    return replies.map((reply) => reply.text).join('\n');
  }
});

describe('made-up parts', () => {
  const lines = generateLines(5_000, 3);
  const numbers = lines.map((line) => line.part_number);

  it('hold every kind of dirt that real lists hold', () => {
    const kinds = {
      floats: numbers.filter((number) => /^\d+E\d+$/.test(number)),
      leadingZeros: numbers.filter((number) => number.startsWith('0')),
      coreRows: numbers.filter((number) => number.endsWith('#')),
      blankEnds: numbers.filter((number) => number !== number.trim()),
      lowerCase: numbers.filter((number) => number !== number.toUpperCase()),
      innerBlanks: numbers.filter((number) => number.trim().includes(' ')),
      slashes: numbers.filter((number) => number.includes('/')),
      toldApartByADash: numbers.filter(
        (number) => number.includes('-') && numbers.includes(number.replaceAll('-', '')),
      ),
      superseded: lines.filter((line) => /^(?:NLA +)?(?:USE|SUGGEST) /i.test(line.title ?? '')),
      cutLabels: lines.filter((line) => line.title?.length === 20),
      sameTwice: lines.filter((line, index) => numbers.indexOf(line.part_number) !== index),
    };
    for (const [kind, found] of Object.entries(kinds)) expect(found.length, kind).toBeGreaterThan(4);
  });

  it('are as many as asked, and begin with the known hard cases', () => {
    expect(generateLines(3, 1).map((line) => line.part_number)).toEqual(['14E4289', '0E30540305', '128100']);
    expect(lines).toHaveLength(5_000);
  });

  it('are in stock as measured on real lists', () => {
    const rows = generateStockRows(
      Array.from({ length: 20_000 }, (_, index) => String(index)),
      5,
      '',
    );
    const counts = rows.map((row) => row.levels.map((level) => wireCount(level.quantity) ?? 0));
    const inStock = counts.filter((levels) => levels.some((count) => count > 0)).length / rows.length;
    expect(inStock).toBeCloseTo(0.48, 1);
    const biggest = counts
      .map((levels) => levels[0] ?? 0)
      .filter((count) => count > 0)
      .sort((a, b) => a - b);
    const deciles = [1, 3, 5, 7, 9].map((tenth) => biggest[Math.floor((biggest.length * tenth) / 10)] ?? 0);
    for (const [index, expected] of [1, 1, 2, 6, 20].entries()) {
      expect(Math.abs((deciles[index] ?? 0) - expected), `decile ${index}`).toBeLessThanOrEqual(1);
    }
    const said = rows.flatMap((row) => row.levels.map((level) => level.quantity));
    for (const kind of ['', null, '25+', '0', 0]) expect(said).toContain(kind);
    expect(counts.flat().some((count) => count < 0)).toBe(true);
    expect(rows.some((row) => row.levels.length === 2)).toBe(true);
  });
});

describe(`a catalog file of 34,393 lines (${PARTS_LIST_ORIGIN})`, () => {
  let sandbox: Sandbox;
  let rows: Row[];

  beforeAll(async () => {
    sandbox = await startSandbox({ catalogFile: PARTS_LIST, limits: [] });
    rows = await createSandboxClient(sandbox.url).walk('catalog');
  });
  afterAll(() => sandbox?.stop());

  it('is sold whole, each line with an id of its own', () => {
    expect(rows).toHaveLength(34_393);
    expect(new Set(rows.map((row) => row.id)).size).toBe(34_393);
    expect(new Set(rows.map((row) => row['brand']))).toEqual(new Set(['BRITISH CLASSICS']));
  });

  it('keeps numbers as they are printed', () => {
    const titles = (number: string): unknown[] =>
      rows.filter((row) => row['part_number'] === number).map((row) => row['title']);
    expect(titles('14E4289')).toEqual(['CHECK STRAP MINI RED']);
    expect(titles('128-100')).toEqual(['REAR PINION BRG TC N']);
    expect(titles('128100')).toEqual(['USE 152770']);
    expect(titles('021-250#')).toEqual(['S/C 021-250']);
    expect(titles('AESA1096X4MAH')).toEqual(['USE AESA1096X4MAH', 'P+LINERX4,86STD MAHL']);
    expect(new Set(rows.map((row) => partId('BRITISH CLASSICS', String(row['part_number'])))).size).toBe(34_392);
  });

  it('passes on supersessions in words', () => {
    const [superseded] = rows.filter((row) => row['part_number'] === '2204');
    expect(superseded).toMatchObject({ title: 'USE 12H2178', superseded_by: 'USE 12H2178', discontinued: false });
  });
});

describe('a list that cannot be read', () => {
  it('is refused in a sentence that names the file and the line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'catalog-'));
    const file = join(folder, 'list.txt');
    await writeFile(file, Buffer.from('11;STONEGUARD\r\nno semicolon\r\n', 'latin1'));
    await expect(readCatalogFile(file, 'X')).rejects.toThrow(/list\.txt has no "part;label" in line 2/);
    await writeFile(file, Buffer.from('11 ;R\xe9gul\xe9e\n12;A;B', 'latin1'));
    expect(await readCatalogFile(file, 'X')).toEqual([
      { brand: 'X', part_number: '11 ', title: 'Régulée' },
      { brand: 'X', part_number: '12', title: 'A;B' },
    ]);
    await rm(folder, { recursive: true });
    await expect(readCatalogFile(file, 'X')).rejects.toThrow('cannot be read: give a file that exists');
  });
});
