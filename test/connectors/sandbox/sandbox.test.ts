import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sandbox as connector } from '../../../src/connectors/sandbox/sandbox.ts';
import type { Answered, FeedReader, Page } from '../../../src/connectors/connector.ts';
import type { Observation } from '../../../src/domain/observation.ts';
import { FEEDS } from '../../../src/domain/profile.ts';
import type { CallSupplier, SupplierAnswer, SupplierRequest } from '../../../src/outbound/supplier-call.ts';
import { DEFAULT_LIMITS } from '../../../src/sandbox/limiter.ts';
import { startSandbox, type Sandbox } from '../../../src/sandbox/sandbox.ts';
import { createHandClock, type HandClock } from '../../sandbox/hand-clock.ts';
import { bearerOf, createDirectCall } from './direct-call.ts';

let supplier: Sandbox;
let clock: HandClock;
let call: CallSupplier;
const asker = { supplier: 'acme', account: 'main', now: () => Date.now() };

beforeEach(async () => {
  clock = createHandClock();
  supplier = await startSandbox({ parts: 95, pageSize: 10, seed: 7, limits: [], clock });
  call = createDirectCall(`${supplier.url}/`, await bearerOf(`${supplier.url}/`));
});
afterEach(() => supplier.stop());

describe('full runs', () => {
  it.each(FEEDS)('bring every line of %s exactly once', async (feed) => {
    const pages = await walk((token) => connector.feeds[feed].full({ ...asker, call, token }));
    expect(pages).toHaveLength(10);
    const numbers = pages.flatMap((page) => page.observations.map((one) => one.supplierPartNumber));
    expect(new Set(numbers).size).toBe(95);
    expect(numbers).toHaveLength(95);
    expect(pages.flatMap((page) => page.rejections)).toEqual([]);
    expect(pages[0]).toMatchObject({ pagesInAll: 10, nextToken: '2', askedAtSupplier: clock.now() });
  });

  it('take the rest where one record is unusable', async () => {
    for (const feed of FEEDS) {
      supplier.control.addFault({ kind: 'badRecord', count: 1 });
      const page = await connector.feeds[feed].full({ ...asker, call, token: null });
      expect(page.observations).toHaveLength(9);
      expect(page.rejections).toMatchObject([{ supplier: 'acme', supplierPartNumber: '000001' }]);
      expect(page.rejections[0]?.raw).toContain('call us');
    }
  });

  it.each([
    ['another page than asked for', (body: WireBody) => ({ ...body, meta: { ...body.meta, page: 3 } }), 'is page 3'],
    ['no row before the last page', (body: WireBody) => ({ ...body, data: [] }), 'breaks off at page 1 of 10'],
    ['no list', () => ({ error: 'none' }), 'cannot be read'],
    ['no object', () => 'OK', 'cannot be read'],
  ])('refuse an answer with %s', async (_, change, reason) => {
    const lying = lie((answer) => ({ ...answer, body: change(answer.body as WireBody) }));
    const asked = connector.feeds.stock.full({ ...asker, call: lying, token: null });
    await expect(asked).rejects.toMatchObject({
      failure: 'broken',
      message: expect.stringContaining(reason) as string,
    });
    await expect(asked).rejects.toHaveProperty('raw', expect.any(String));
  });

  it.each(['0', 'x', '1|x', ''])('refuse the page token %j', async (token) => {
    await expect(connector.feeds.stock.full({ ...asker, call, token })).rejects.toMatchObject({ failure: 'broken' });
  });
});

describe('incremental runs', () => {
  it('bring what changed, and only that', async () => {
    clock.turn(60_000);
    const since = clock.now();
    supplier.control.setStock('000004G', 'LDS', '25+');
    supplier.control.setPrices('000002', { retail: '$1,099.99' });
    supplier.control.setCatalog('000003', { title: 'NLA USE 1' });
    const [catalog, stock, prices] = await Promise.all(FEEDS.map((feed) => delta(feed, since)));
    expect(catalog).toMatchObject([{ supplierPartNumber: '000003', title: 'NLA USE 1' }]);
    expect(stock).toMatchObject([{ supplierPartNumber: '000004G', time: { version: since, sourceAsOf: since } }]);
    expect(prices).toMatchObject([{ supplierPartNumber: '000002', account: 'main' }]);
  });

  it('miss nothing and repeat nothing while rows change between pages', async () => {
    const since = clock.now();
    const delta = connector.feeds.stock.incremental;
    if (delta === undefined) throw new Error('There is no delta of the stock.');
    const sent: string[] = [];
    const pages = await walk(async (token): Promise<Page> => {
      // A row that was sent already changes again: it leaves its place, and those behind it would move up.
      clock.turn(10);
      const [changed] = sent.splice(0, 1);
      if (changed !== undefined) supplier.control.setStock(changed, 'BHM', 77);
      const page = await delta.page({ ...asker, call, since, token });
      sent.push(...page.observations.map((one) => one.supplierPartNumber));
      return page;
    });
    const numbers = pages.flatMap((page) => page.observations.map((one) => one.supplierPartNumber));
    expect(new Set(numbers).size).toBe(95);
    expect(numbers).toHaveLength(95);
  });

  it('begin anew where the supplier no longer keeps the delta', async () => {
    const ask = { ...asker, call, since: clock.now() };
    const page = await connector.feeds.stock.incremental?.page({ ...ask, token: '7|2020-01-01T00:00:00.000Z' });
    expect(page?.observations[0]?.supplierPartNumber).toBe('000001');
    expect(page?.nextToken).toMatch(/^2\|/);
  });

  it('refuse a delta that has no name', async () => {
    const lying = lie((answer) => ({
      ...answer,
      body: { ...(answer.body as WireBody), meta: { page: 1, total_pages: 2 } },
    }));
    const asked = connector.feeds.stock.incremental?.page({ ...asker, call: lying, since: clock.now(), token: null });
    await expect(asked).rejects.toMatchObject({
      failure: 'broken',
      message: expect.stringContaining('as_of') as string,
    });
  });

  async function delta(feed: (typeof FEEDS)[number], since: number): Promise<Observation[]> {
    const reader: FeedReader = connector.feeds[feed];
    const pages = await walk((token) => reader.incremental?.page({ ...asker, call, since, token }));
    return pages.flatMap((page) => page.observations);
  }
});

describe('stock by key', () => {
  it('answers each key as stock or as absence', async () => {
    const keys = ['000004G', '4', '000001', '000001'];
    const { observations, rejections } = await connector.readStock({ ...asker, call, keys });
    expect(rejections).toEqual([]);
    expect(observations.map((one) => [one.kind, one.supplierPartNumber])).toEqual([
      ['stock', '000004G'],
      ['absence', '4'],
      ['stock', '000001'],
    ]);
    // Asked directly, without a permit, so on our clock.
    expect(observations[1]?.time).toMatchObject({ version: observations[1]?.time.observedAt, sourceAsOf: null });
  });

  it('leaves a key open that the answer does not mention: no zero, no absence', async () => {
    supplier.control.addFault({ kind: 'emptyList', count: 1 });
    const { observations, rejections } = await connector.readStock({ ...asker, call, keys: ['000001', '4'] });
    expect(observations).toEqual([]);
    expect(rejections.map((one) => one.reason)).toEqual([
      "The sandbox's record 000001 cannot be taken: asked for 000001, the answer does not mention it.",
      "The sandbox's record 4 cannot be taken: asked for 4, the answer does not mention it.",
    ]);
  });

  it('takes nothing that it did not ask for', async () => {
    const asked = await call({
      callClass: 'stockByIds',
      method: 'POST',
      path: 'v1/stock/by-ids',
      json: { ids: ['000002'] },
      expects: 'json',
    });
    const lying: CallSupplier = () => Promise.resolve(asked);
    const { observations, rejections } = await connector.readStock({ ...asker, call: lying, keys: ['000001'] });
    expect(observations).toEqual([]);
    expect(rejections.map((one) => one.supplierPartNumber)).toEqual(['000001', '000002']);
  });

  it('takes the latest of rows that repeat, and none that contradict each other', async () => {
    const row = { id: '000001', updated_at: '2026-03-01T12:00:00.000Z', levels: [{ location: 'BHM', quantity: 1 }] };
    const later = { ...row, updated_at: '2026-03-01T12:00:01.000Z', levels: [{ location: 'BHM', quantity: 2 }] };
    const rival = { ...later, levels: [{ location: 'BHM', quantity: 3 }] };
    const answerTo = (data: readonly object[]): Promise<Answered> =>
      connector.readStock({
        ...asker,
        call: lie((answer) => ({ ...answer, body: { data, not_found: [] } })),
        keys: ['000001'],
      });
    for (const data of [
      [row, later, later],
      [later, row],
    ]) {
      const { observations } = await answerTo(data);
      expect(observations).toMatchObject([{ levels: [{ quantity: { quality: 'exact', value: 2 } }] }]);
    }
    const { observations, rejections } = await answerTo([row, later, rival]);
    expect(observations).toEqual([]);
    expect(rejections).toMatchObject([
      { supplierPartNumber: '000001', reason: expect.stringContaining('twice') as string },
    ]);
  });

  it('asks nothing for no keys, and as many as the supplier takes in one call', async () => {
    expect(await connector.readStock({ ...asker, call, keys: [] })).toEqual({ observations: [], rejections: [] });
    const keys = Array.from({ length: connector.profile.bulkStockKeys }, (_, index) => `X${index}`);
    const { observations } = await connector.readStock({ ...asker, call, keys });
    expect(observations).toHaveLength(100);
    expect(supplier.verdict().callsByClass).toEqual({ token: 1, stockByIds: 1 });
  });
});

describe('the profile', () => {
  it('states the limits that the supplier enforces', () => {
    expect(connector.profile.limits).toEqual(DEFAULT_LIMITS);
  });
});

interface WireBody {
  readonly data: readonly unknown[];
  readonly meta: object;
}

async function walk(readPage: (token: string | null) => Promise<Page> | undefined): Promise<Page[]> {
  const pages: Page[] = [];
  let token: string | null = null;
  do {
    const page: Page | undefined = await readPage(token);
    if (page === undefined) throw new Error('There is no such reader.');
    pages.push(page);
    token = page.nextToken;
  } while (token !== null && pages.length < 100);
  return pages;
}

function lie(change: (answer: SupplierAnswer) => SupplierAnswer): CallSupplier {
  return async (request: SupplierRequest) => change(await call(request));
}
