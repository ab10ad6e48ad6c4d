import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWholeGateway, type WholeGateway } from '../whole-gateway.ts';
import { PARTS_LIST_ORIGIN, partsList } from '../parts-list.ts';

const BRAND = 'BRITISH CLASSICS';
const LIST = partsList();
const lines = readFileSync(LIST, 'latin1')
  .split(/\r?\n/)
  .filter((line) => line !== '')
  .map((line) => ({ number: line.slice(0, line.indexOf(';')), label: line.slice(line.indexOf(';') + 1) }));

interface FoundPart {
  readonly id: string;
  readonly partNumber: string;
  readonly title: string | null;
  readonly offers: readonly { readonly supplierPartNumber: string }[];
}

interface Availability {
  readonly quantity: number | null;
  readonly freshness: { readonly status: string; readonly reason: string | null };
}

interface Page {
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
}

const PAGE =
  'query ($after: String) { parts(first: 250, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }';

/** A garage's parts list, dirt and all, through the whole gateway. */
describe.each(['embedded', 'servers'] as const)(`a catalog of 34,393 lines (${PARTS_LIST_ORIGIN}) on %s`, (on) => {
  let gateway: WholeGateway;

  beforeAll(async () => {
    gateway = await startWholeGateway({ on, sandbox: { catalogFile: LIST, brand: BRAND, movesPerSecond: 0 } });
    gateway.app.startWork();
    await gateway.filled();
  }, 120_000);
  afterAll(() => gateway.close());

  async function find(partNumber: string): Promise<FoundPart | null> {
    const { data } = await gateway.ask<{ part: FoundPart | null }>(
      'query ($by: PartBy!) { part(by: $by) { id partNumber title offers { supplierPartNumber } } }',
      { by: { brandPart: { brand: BRAND, partNumber } } },
    );
    return data.part;
  }

  const labels = (number: string): string[] =>
    lines.filter((line) => line.number.trim() === number).map(({ label }) => label.trim());

  it.each(['14E4289', '1E5537', '128100', '128-100', '021-250#'])('knows %s from every other', async (number) => {
    const part = await find(number);
    expect(part?.partNumber).toBe(number);
    expect(labels(number)).toContain(part?.title);
  });

  it('keeps apart what differs by punctuation alone, and finds both by either spelling', async () => {
    const [plain, dashed] = await Promise.all([find('128100'), find('128-100')]);
    expect(plain?.id).not.toBe(dashed?.id);
    const { data } = await gateway.ask<{ parts: { nodes: { partNumber: string }[] } }>(
      '{ parts(first: 10, filter: { partNumberStartsWith: "128 100" }) { nodes { partNumber } } }',
    );
    expect(data.parts.nodes.map((node) => node.partNumber)).toEqual(expect.arrayContaining(['128100', '128-100']));
  });

  it('is one part with two offers where a number stands twice', async () => {
    expect((await find('AESA1096X4MAH'))?.offers).toHaveLength(labels('AESA1096X4MAH').length);
  });

  it('answers null for a part that nobody lists, however close its number is', async () => {
    expect(await find('14E4289-')).toBeNull();
    expect(await find('14')).toBeNull();
  });

  it('walks every part exactly once', async () => {
    const seen = new Set<string>();
    let walked = 0;
    for (let after: string | null = null; ;) {
      const page: Page = (await gateway.ask<{ parts: Page }>(PAGE, { after })).data.parts;
      walked += page.nodes.length;
      for (const { id } of page.nodes) seen.add(id);
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    const distinct = new Set(lines.map(({ number }) => number.trim().replace(/\s+/g, ' ').toUpperCase()));
    expect(walked).toBe(seen.size);
    expect(seen.size).toBe(distinct.size);
  });

  it('refreshes 250 stale parts in three bulk calls, and tells what the supplier holds', async () => {
    const asked = [...new Set(lines.map(({ number }) => number.trim()))].slice(1_000, 1_250);
    const before = gateway.sandbox.verdict().callsByClass['stockByIds'] ?? 0;
    const { data, errors } = await gateway.ask<{ partsBy: { offers: unknown[]; availability: Availability }[] }>(
      `query ($by: [PartBy!]!) { partsBy(by: $by) { offers { id }
        availability(freshness: { maxAge: "PT0S", onStale: WAIT_THEN_SERVE, waitUpTo: "PT20S" }) {
          quantity freshness { status reason } } } }`,
      { by: asked.map((partNumber) => ({ brandPart: { brand: BRAND, partNumber } })) },
    );
    expect(errors).toBeUndefined();
    expect(data.partsBy.map(({ availability }) => availability.freshness)).toEqual(
      asked.map(() => ({ status: 'FRESH', reason: null })),
    );
    const offers = data.partsBy.flatMap((part) => part.offers).length;
    expect((gateway.sandbox.verdict().callsByClass['stockByIds'] ?? 0) - before).toBe(Math.ceil(offers / 100));
  });

  it('never went over a limit, as the supplier itself counted', () => {
    const { windows, refused, arrivals } = gateway.sandbox.verdict();
    expect(arrivals).toBeGreaterThan(100);
    expect(refused).toBe(0);
    expect(windows.map(({ name, windowMs, violations }) => ({ name, windowMs, violations }))).toEqual(
      windows.map(({ name, windowMs }) => ({ name, windowMs, violations: 0 })),
    );
  });
});
