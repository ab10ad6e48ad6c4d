import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answered, Page } from '../../src/connectors/connector.ts';
import { turn14 } from '../../src/connectors/turn14/turn14.ts';
import type { Observation, StockObservation } from '../../src/domain/observation.ts';
import { atLeast, exactly, UNKNOWN_QUANTITY } from '../../src/domain/quantity.ts';
import { CallFailed, type SupplierRequest } from '../../src/outbound/supplier-call.ts';
import { loadRecordings } from './replay.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOT_FOUND = { errors: { status: '404', title: 'not found' } };

describe('a walk', () => {
  it('goes by page number and stops at the last page', async () => {
    const supplier = answering(page([inventory('1', {})], 1, 3));
    const first = await turn14.feeds.stock.full({ ...supplier.terms, token: null });
    expect(supplier.requests).toMatchObject([{ path: 'inventory', query: { page: 1 }, callClass: 'read' }]);
    expect(first).toMatchObject({ nextToken: '2', pagesInAll: 3, askedAtSupplier: NOW + 7_000 });

    const last = answering(page([inventory('1', {})], 3, 3));
    expect(await turn14.feeds.stock.full({ ...last.terms, token: '3' })).toMatchObject({ nextToken: null });
    expect(last.requests[0]?.query).toEqual({ page: 3 });
  });

  it('takes an empty list on one page for what it is', async () => {
    for (const total of [0, 1]) {
      const supplier = answering(page([], 1, total));
      const answered = await turn14.feeds.stock.full({ ...supplier.terms, token: null });
      expect(answered).toMatchObject({ observations: [], rejections: [], nextToken: null });
    }
  });

  it.each([
    ['an empty page before the last', page([], 2, 3)],
    ['no further page before the last', { ...page([inventory('1', {})], 2, 3), links: { next: null } }],
    ['a page that follows itself', { ...page([inventory('1', {})], 2, 3), links: { next: '/v1/inventory?page=2' } }],
    ['a page that leads back', { ...page([inventory('1', {})], 2, 2), links: { next: '/v1/inventory?page=1' } }],
    ['a link that names no page', { ...page([inventory('1', {})], 2, 3), links: { next: 'https://evil.example/' } }],
    ['no number of pages', { data: [inventory('1', {})], meta: {} }],
    ['no data', { meta: { total_pages: 2 } }],
  ])('never takes %s for an end', async (_, body) => {
    const supplier = answering(body);
    const failed = turn14.feeds.stock.full({ ...supplier.terms, token: '2' });
    await expect(failed).rejects.toMatchObject({ name: 'CallFailed', failure: 'broken' });
    await expect(failed).rejects.toThrow(/my-turn14.*inventory/);
  });

  it('goes on past a number of pages that is too small', async () => {
    const supplier = answering({ ...page([inventory('1', {})], 2, 2), links: { next: '/v1/inventory?page=3' } });
    expect(await turn14.feeds.stock.full({ ...supplier.terms, token: '2' })).toMatchObject({ nextToken: '3' });
  });

  it('takes an answer without links by its number of pages', async () => {
    const supplier = answering({ data: [inventory('1', {})], meta: { total_pages: 2 } });
    expect(await turn14.feeds.stock.full({ ...supplier.terms, token: null })).toMatchObject({ nextToken: '2' });
    expect(await turn14.feeds.stock.full({ ...supplier.terms, token: '2' })).toMatchObject({ nextToken: null });
  });

  it.each(['', '0', '-1', 'x', '1e3', '30:2', '99999999999'])('refuses the page token "%s"', async (token) => {
    const supplier = answering(page([], 1, 1));
    await expect(turn14.feeds.stock.full({ ...supplier.terms, token })).rejects.toThrow(/token/);
    expect(supplier.requests).toEqual([]);
  });

  it('keeps the good rows of a page with bad ones, and says of each bad one why', async () => {
    const rows = [inventory('1', { '01': 4 }), { id: 7 }, 'x', inventory('2', { '01': 'many' }), inventory('3', {})];
    const supplier = answering(page(rows, 1, 1));
    const { observations, rejections } = await turn14.feeds.stock.full({ ...supplier.terms, token: null });
    expect(observations.map(({ supplierPartNumber }) => supplierPartNumber)).toEqual(['1', '3']);
    expect(rejections).toMatchObject([
      { supplierPartNumber: null, reason: expect.stringContaining('attributes is missing') },
      { supplierPartNumber: null, raw: 'x', reason: expect.stringContaining('must be object, found text') },
      { supplierPartNumber: '2', reason: expect.stringContaining('attributes.inventory.01') },
    ]);
  });

  it('cuts the raw text of a bad row', async () => {
    const supplier = answering(page([{ id: '1', junk: 'x'.repeat(100_000) }], 1, 1));
    const { rejections } = await turn14.feeds.stock.full({ ...supplier.terms, token: null });
    expect(rejections[0]?.raw).toHaveLength(4_000);
  });
});

describe('a delta', () => {
  it.each([
    [0, 15],
    [7.5 * MINUTE, 15],
    [7.5 * MINUTE + 1, 30],
    [15 * MINUTE + 1, 60],
    [30 * MINUTE + 1, 240],
    [2 * HOUR + 1, 480],
    [4 * HOUR + 1, 1_440],
    [12 * HOUR + 1, 1_440],
    [DAY, 1_440],
    [-5 * MINUTE, 15],
  ])('of stock from %d ms back asks for %d minutes', async (back, minutes) => {
    const supplier = answering(page([], 1, 1));
    await turn14.feeds.stock.incremental.page({ ...supplier.terms, token: null, since: NOW - back });
    expect(supplier.requests).toMatchObject([{ path: 'inventory/updates', query: { page: 1, minutes } }]);
  });

  it.each([
    [0, 1],
    [DAY, 1],
    [DAY + 1, 2],
    [30 * DAY, 30],
  ])('of the catalog from %d ms back asks for %d days', async (back, days) => {
    const supplier = answering(page([], 1, 1));
    await turn14.feeds.catalog.incremental.page({ ...supplier.terms, token: null, since: NOW - back });
    expect(supplier.requests).toMatchObject([{ path: 'items/updates', query: { page: 1, days } }]);
  });

  it('that would not reach back far enough is not asked for', async () => {
    const supplier = answering(page([], 1, 1));
    for (const feed of [turn14.feeds.stock, turn14.feeds.catalog]) {
      const since = NOW - 30 * DAY - 1;
      await expect(feed.incremental.page({ ...supplier.terms, token: null, since })).rejects.toThrow(/full run/);
    }
    expect(supplier.requests).toEqual([]);
  });

  it('keeps its distance from page to page, however late the next one is asked', async () => {
    const supplier = answering(page([inventory('1', {})], 1, 3));
    const { incremental } = turn14.feeds.stock;
    const first = await incremental.page({ ...supplier.terms, token: null, since: NOW - 14 * MINUTE });
    const late = { ...answering(page([inventory('1', {})], 2, 3)), now: () => NOW + HOUR };
    const second = await incremental.page({
      ...late.terms,
      now: late.now,
      token: first.nextToken,
      since: NOW - 14 * MINUTE,
    });
    expect(late.requests[0]?.query).toEqual({ page: 2, minutes: 30 });
    expect(second.nextToken).toBe('30:3');
  });
});

describe('quirks', () => {
  it('quirk 3: a map of warehouses with padded ids becomes a level for each, its id kept as text', async () => {
    const [stock] = await stockOf(inventory('10030', { '59': 1, '02': 3, '01': 2, NV: 4, ds: 5 }));
    expect(stock).toMatchObject({ kind: 'stock', supplier: 'my-turn14', supplierPartNumber: '10030', complete: true });
    expect(stock?.levels).toEqual([
      { location: '01', quantity: exactly(2) },
      { location: '02', quantity: exactly(3) },
      { location: '59', quantity: exactly(1) },
      { location: 'NV', quantity: exactly(4) },
      { location: 'ds', quantity: exactly(5) },
    ]);
  });

  it('quirk 3: a warehouse that is absent or null is unknown, never zero', async () => {
    const [stock] = await stockOf(inventory('10030', { '01': null, '02': '' }));
    expect(stock?.levels).toEqual([
      { location: '01', quantity: UNKNOWN_QUANTITY },
      { location: '02', quantity: UNKNOWN_QUANTITY },
    ]);
  });

  it('quirk 3: zero, less than zero, and quantities as text are taken as they are', async () => {
    const [stock] = await stockOf(inventory('10030', { '01': 0, '02': -3, '03': '000000007', '04': '25+' }));
    expect(stock?.levels.map(({ quantity }) => quantity)).toEqual([exactly(0), exactly(-3), exactly(7), atLeast(25)]);
  });

  it.each([[{ '01': 1.5 }], [{ '01': true }], [{ '01': {} }], [{ '01': [0] }], [{ '01': 1e12 }], [[]], [undefined]])(
    'quirk 3: %j is no stock at all',
    async (map) => {
      const { observations, rejections } = await stockPage(inventory('10030', map));
      expect(observations).toEqual([]);
      expect(rejections).toMatchObject([{ supplierPartNumber: '10030' }]);
    },
  );

  it("quirk 4: the manufacturer's stock can be ordered and is not in stock; its dates are left aside", async () => {
    const [stock] = await stockOf(
      inventory('10030', { '01': 2 }, { manufacturer: { stock: 10, esd: '2016-01-01' }, eta: { qty: {} } }),
    );
    expect(stock?.levels).toEqual([
      { location: '01', quantity: exactly(2) },
      { location: 'manufacturer', quantity: { quality: 'specialOrder' } },
    ]);
  });

  it.each([[{ manufacturer: { stock: 0 } }], [{ manufacturer: { stock: null } }], [{ manufacturer: null }], [{}]])(
    'quirk 4: %j says nothing of the manufacturer',
    async (rest) => {
      const [stock] = await stockOf(inventory('10030', { '01': 2 }, rest));
      expect(stock?.levels).toEqual([{ location: '01', quantity: exactly(2) }]);
    },
  );

  it('quirk 4: a warehouse may not pass for the manufacturer', async () => {
    expect((await stockPage(inventory('10030', { manufacturer: 5 }))).rejections).toHaveLength(1);
  });

  it('quirk 5: prices come as numbers or text and leave as decimal text in dollars', async () => {
    const lists = [
      { name: 'MAP', price: '00189.99' },
      { name: 'Jobber', price: '$1,170.10' },
    ];
    expect(await pricesOf({ purchase_cost: 0.1, has_map: true, pricelists: lists })).toEqual([
      { kind: 'cost', price: { amount: '0.10', currency: 'USD' } },
      { kind: 'map', price: { amount: '189.99', currency: 'USD' } },
      { kind: 'jobber', price: { amount: '1170.10', currency: 'USD' } },
    ]);
  });

  it('quirk 5: an unreadable price refuses the record and is not quoted in the reason', async () => {
    for (const price of ['12,5', 'call', -4, true, { amount: 4 }]) {
      const row = pricing({ purchase_cost: 98.76, pricelists: [{ name: 'MAP', price }] });
      const { observations, rejections } = await pricePage(row);
      expect(observations).toEqual([]);
      expect(rejections).toMatchObject([{ supplierPartNumber: '10030', reason: expect.stringContaining('map') }]);
      expect(rejections[0]?.reason).not.toMatch(/98\.76|12,5|call/);
    }
  });

  it('quirk 6: MSRP before Retail, whatever their order; lists of other names are left aside', async () => {
    const retail = { name: 'Retail', price: 210 };
    const msrp = { name: 'MSRP', price: 219.99 };
    for (const lists of [
      [retail, msrp, { name: 'Fleet', price: 1 }],
      [msrp, retail],
    ]) {
      expect(await pricesOf({ purchase_cost: null, pricelists: lists })).toEqual([
        { kind: 'retail', price: { amount: '219.99', currency: 'USD' } },
      ]);
    }
    expect(await pricesOf({ purchase_cost: null, pricelists: [{ ...msrp, price: 0 }, retail] })).toMatchObject([
      { kind: 'retail', price: { amount: '210.00' } },
    ]);
  });

  it('quirk 6: zero is no price, and there is no MAP where has_map says so', async () => {
    const map = { name: 'MAP', price: 0 };
    expect(await pricesOf({ purchase_cost: 0, has_map: true, pricelists: [map] })).toEqual([]);
    expect(await pricesOf({ purchase_cost: null, has_map: false, pricelists: [{ ...map, price: 9 }] })).toEqual([]);
    expect(await pricesOf({ purchase_cost: null, pricelists: [{ ...map, price: 9 }] })).toHaveLength(1);
  });

  it('quirk 6: the older form, prices by name, reads the same', async () => {
    const byName = { MAP: 189.99, Jobber: 170.1, MSRP: 219.99 };
    const listed = Object.entries(byName).map(([name, price]) => ({ name, price }));
    expect(await pricesOf({ purchase_cost: 1, pricelists: byName })).toEqual(
      await pricesOf({ purchase_cost: 1, pricelists: listed }),
    );
  });

  it('quirk 6: a record without its price fields is refused, so that known prices stay', async () => {
    expect((await pricePage(pricing({ pricelists: [] }))).rejections).toHaveLength(1);
    expect((await pricePage(pricing({ purchase_cost: 3 }))).rejections).toHaveLength(1);
  });

  it('quirk 8: prices belong to the account they were asked for', async () => {
    const { observations } = await pricePage(pricing({ purchase_cost: 1, pricelists: [] }));
    expect(observations).toMatchObject([{ kind: 'price', account: 'my-account' }]);
  });

  it('quirk 9: ids are opaque text; a number in their place is refused', async () => {
    const ids = ['13504G', '007', '14E4289', '10030'];
    const stock = await stockOf(...ids.map((id) => inventory(id, { '01': 1 })));
    expect(stock.map(({ supplierPartNumber }) => supplierPartNumber)).toEqual(ids);
    const { observations, rejections } = await stockPage({ ...inventory('x', {}), id: 10030 });
    expect(observations).toEqual([]);
    expect(rejections).toMatchObject([
      { supplierPartNumber: null, reason: expect.stringMatching(/id must be text.*found a number/) },
    ]);
  });

  it("quirk 11: a part is known by its brand and its maker's number, not by Turn14's", async () => {
    const [part] = await catalogOf(item({ part_number: 'nbs10030', mfr_part_number: ' 128-100 ' }));
    expect(part).toMatchObject({ supplierPartNumber: '10030', brand: 'Northbridge', partNumber: '128-100' });
  });

  it.each(['brand', 'mfr_part_number'])('quirk 11: without %s there is no part', async (field) => {
    for (const value of [undefined, null, '', '  ', 128100]) {
      const supplier = answering(page([item({ [field]: value })], 1, 1));
      const { observations, rejections } = await turn14.feeds.catalog.full({ ...supplier.terms, token: null });
      expect(observations).toEqual([]);
      expect(rejections).toMatchObject([{ supplierPartNumber: '10030', reason: expect.stringContaining(field) }]);
    }
  });

  it('takes the name for a title, else the description, and refuses what no copy could hold', async () => {
    const parts = await catalogOf(
      item({ part_description: 'Long' }),
      item({ product_name: ' ', part_description: ' Long ' }),
      item({ product_name: null }),
    );
    expect(parts.map((part) => part.kind === 'catalog' && part.title)).toEqual(['Springs', 'Long', null]);
    const supplier = answering(page([item({ product_name: 'x'.repeat(10_001) })], 1, 1));
    expect((await turn14.feeds.catalog.full({ ...supplier.terms, token: null })).rejections).toHaveLength(1);
  });

  it('quirk 13: inactive is discontinued; silence about it is not', async () => {
    const parts = await catalogOf(item({ active: false }), item({ active: true }), item({ active: null }), item({}));
    expect(parts.map((part) => part.kind === 'catalog' && part.discontinued)).toEqual([true, false, false, false]);
    const supplier = answering(page([item({ active: 'false' })], 1, 1));
    expect((await turn14.feeds.catalog.full({ ...supplier.terms, token: null })).rejections).toHaveLength(1);
  });

  it("quirk 14: a kit's stock is Turn14's own number, not computed from its contents", async () => {
    const kit = item({ contents: [{ item_id: 10030, quantity: 2 }] });
    expect(await catalogOf(kit)).toMatchObject([{ kind: 'catalog', packQuantity: 1 }]);
    const [stock] = await stockOf(inventory('10030', { '01': 3 }, { contents: [{ item_id: 10031, quantity: 2 }] }));
    expect(stock?.levels).toEqual([{ location: '01', quantity: exactly(3) }]);
  });

  it('quirk 15: units per SKU are carried, and no quantity is multiplied by them', async () => {
    const parts = await catalogOf(item({ units_per_sku: 2 }), item({ units_per_sku: '4' }), item({}));
    expect(parts.map((part) => part.kind === 'catalog' && part.packQuantity)).toEqual([2, 4, 1]);
    for (const units_per_sku of [0, -1, 1.5, 'pair', true]) {
      const supplier = answering(page([item({ units_per_sku })], 1, 1));
      expect((await turn14.feeds.catalog.full({ ...supplier.terms, token: null })).rejections).toHaveLength(1);
    }
  });

  it('quirk 16: flags that are not used stop no record, in any form', async () => {
    const forms = [true, 'Y', 'Yes', 'Unknown', null, 1, []];
    const rows = forms.map((form) => item({ prop_65: form, not_carb_approved: form, ltl_freight_required: form }));
    expect(await catalogOf(...rows)).toHaveLength(forms.length);
  });

  it('quirk 17: one row may come as an object', async () => {
    const supplier = answering({ data: inventory('10030', { '01': 2 }) });
    const { observations } = await turn14.readStock({ ...supplier.terms, keys: ['10030'] });
    expect(observations).toMatchObject([{ kind: 'stock', supplierPartNumber: '10030' }]);
    const walked = answering({ ...page([], 1, 1), data: inventory('10030', { '01': 2 }) });
    expect((await turn14.feeds.stock.full({ ...walked.terms, token: null })).observations).toHaveLength(1);
  });

  it('quirk 18: an answer with errors beside a 200 is broken, even with data', async () => {
    for (const body of [NOT_FOUND, { ...page([], 1, 1), ...NOT_FOUND }, { errors: [{}] }, '<html></html>', 'OK']) {
      const supplier = answering(body);
      const failed = { failure: 'broken' };
      await expect(turn14.feeds.stock.full({ ...supplier.terms, token: null })).rejects.toMatchObject(failed);
      await expect(turn14.readStock({ ...supplier.terms, keys: ['10030'] })).rejects.toMatchObject(failed);
    }
  });

  it('quirk 19: one unknown id of many is found by halving, and the others are answered', async () => {
    const keys = Array.from({ length: 250 }, (_, index) => `${10_000 + index}`);
    const unknown = ['10000', '10137', '10249'];
    const supplier = listing((id) => !unknown.includes(id));
    const { observations, rejections } = await turn14.readStock({ ...supplier.terms, keys });
    expect(rejections).toEqual([]);
    expect(keysOf(observations)).toEqual(keys);
    expect(keysOf(observations.filter(({ kind }) => kind === 'absence'))).toEqual(unknown);
    expect(supplier.requests.length).toBeLessThanOrEqual(51);
  });

  it('quirk 19: a single unknown id is an absence, in one call', async () => {
    const supplier = listing(() => false);
    const { observations } = await turn14.readStock({ ...supplier.terms, keys: ['99999'] });
    const time = { version: NOW + 1_990, observedAt: NOW + 2_000, sourceAsOf: null };
    expect(observations).toEqual([{ kind: 'absence', supplier: 'my-turn14', supplierPartNumber: '99999', time }]);
    expect(supplier.requests).toMatchObject([{ path: 'inventory/99999', alsoAnswers: [404] }]);
  });

  it('quirk 19: a 404 that speaks of no item is no absence', async () => {
    for (const body of [{}, [], null, { message: 'no route' }, '404 page not found']) {
      const supplier = answering(body, 404);
      const failed = turn14.readStock({ ...supplier.terms, keys: ['10030'] });
      await expect(failed).rejects.toMatchObject({ failure: 'broken' });
    }
    const worded = answering({ message: 'No item exists for that item_id' }, 404);
    expect((await turn14.readStock({ ...worded.terms, keys: ['1'] })).observations).toMatchObject([
      { kind: 'absence' },
    ]);
  });

  it('quirk 19: halving is bounded, and what stayed open is said of each key', async () => {
    const keys = Array.from({ length: 250 }, (_, index) => `${index}`);
    const supplier = listing((id) => Number(id) % 2 === 0);
    const { observations, rejections } = await turn14.readStock({ ...supplier.terms, keys });
    expect(supplier.requests).toHaveLength(80);
    expect(keysOf([...observations, ...(rejections as unknown as Observation[])])).toEqual([...keys].sort());
    expect(observations.length).toBeGreaterThan(10);
    for (const { supplierPartNumber, kind } of observations) {
      expect(kind).toBe(Number(supplierPartNumber) % 2 === 0 ? 'stock' : 'absence');
    }
    expect(rejections[0]?.reason).toContain('80 calls');
  });

  it('quirk 19: six unknown ids among 250 are found within the bound, wherever they lie', async () => {
    const keys = Array.from({ length: 250 }, (_, index) => `${index}`);
    const places = fc.uniqueArray(fc.integer({ min: 0, max: 249 }), { minLength: 6, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(places, async (unknown) => {
        const supplier = listing((id) => !unknown.includes(Number(id)));
        const { observations, rejections } = await turn14.readStock({ ...supplier.terms, keys });
        expect(rejections).toEqual([]);
        expect(observations.filter(({ kind }) => kind === 'absence')).toHaveLength(6);
      }),
      { examples: [[[0, 42, 84, 125, 167, 209]]] },
    );
  });
});

describe('stock by key', () => {
  it('asks for all keys in one call, each one encoded', async () => {
    const supplier = listing(() => true);
    await turn14.readStock({ ...supplier.terms, keys: ['10030', '13504G', 'A B', 'C&D#?', '50%'] });
    expect(supplier.requests).toEqual([
      {
        callClass: 'read',
        method: 'GET',
        path: 'inventory/10030,13504G,A%20B,C%26D%23%3F,50%25',
        alsoAnswers: [404],
        expects: 'json',
      },
    ]);
  });

  it.each(['1,2', 'a/b', 'a\\b', '..', '.', '', '\n', '\ud800'])('refuses the key %j before a call', async (key) => {
    const supplier = listing(() => true);
    const { observations, rejections } = await turn14.readStock({ ...supplier.terms, keys: [key] });
    expect(observations).toEqual([]);
    expect(rejections).toMatchObject([{ supplierPartNumber: key }]);
    expect(supplier.requests).toEqual([]);
  });

  it('asks nothing for no keys', async () => {
    const supplier = listing(() => true);
    expect(await turn14.readStock({ ...supplier.terms, keys: [] })).toEqual({ observations: [], rejections: [] });
    expect(supplier.requests).toEqual([]);
  });

  it('asks for and states a key once that it is given twice', async () => {
    const supplier = listing(() => true);
    const { observations } = await turn14.readStock({ ...supplier.terms, keys: ['1', '2', '1'] });
    expect(supplier.requests).toMatchObject([{ path: 'inventory/1,2' }]);
    expect(keysOf(observations)).toEqual(['1', '2']);
  });

  it('refuses more keys than one call may name', async () => {
    const supplier = listing(() => true);
    const keys = Array.from({ length: 251 }, (_, index) => `${index}`);
    await expect(turn14.readStock({ ...supplier.terms, keys })).rejects.toThrow(/251/);
  });

  it('rejects a key that the answer leaves out, and never takes it for zero or absent', async () => {
    const supplier = answering({ data: [inventory('1', { '01': 4 }), inventory('9', { '01': 0 })] });
    const { observations, rejections } = await turn14.readStock({ ...supplier.terms, keys: ['1', '2'] });
    expect(keysOf(observations)).toEqual(['1']);
    expect(rejections).toMatchObject([
      { supplierPartNumber: '2', reason: expect.stringContaining('does not hold it') },
    ]);
  });

  it('rejects a key that the answer states twice, differently', async () => {
    const rows = [inventory('1', { '01': 4 }), inventory('1', { '01': 0 }), inventory('2', {}), inventory('2', {})];
    const supplier = answering({ data: rows });
    const { observations, rejections } = await turn14.readStock({ ...supplier.terms, keys: ['1', '2'] });
    expect(keysOf(observations)).toEqual(['2']);
    expect(rejections).toMatchObject([{ supplierPartNumber: '1' }]);
  });

  it('keeps what was answered when the budget ends during the halving', async () => {
    const supplier = listing((id) => id !== '4', 3);
    const { observations, rejections } = await turn14.readStock({ ...supplier.terms, keys: ['1', '2', '3', '4'] });
    expect(keysOf(observations)).toEqual(['1', '2']);
    expect(rejections.map(({ supplierPartNumber }) => supplierPartNumber)).toEqual(['3', '4']);
    expect(rejections[0]?.reason).toContain('no permit before the deadline');
  });

  it('fails as a whole when nothing was answered', async () => {
    for (const calls of [0, 1]) {
      const supplier = listing((id) => id !== '1', calls);
      const failed = turn14.readStock({ ...supplier.terms, keys: ['1', '2'] });
      await expect(failed).rejects.toMatchObject({ failure: 'notNow', retryAt: NOW + 60_000 });
    }
  });
});

it('orders its statements by when they were asked for: on the supplier’s clock, then on ours', async () => {
  const [stock] = await stockOf(inventory('10030', {}));
  expect(stock?.time).toEqual({ version: NOW + 1_990, observedAt: NOW + 2_000, sourceAsOf: null });
});

it('says of no error or reason what a price is', async () => {
  const recorded = loadRecordings('turn14').find(({ file }) => file === 'pricing-page-1.json');
  const supplier = answering({ ...(recorded?.body as object), meta: null });
  const failed: unknown = await turn14.feeds.prices
    .full({ ...supplier.terms, token: null })
    .catch((error: unknown) => error);
  expect((failed as CallFailed).message).not.toMatch(/\d{2}\.\d/);
});

function inventory(id: string, map: unknown, rest: object = {}): { id: string } & Record<string, unknown> {
  return { id, type: 'InventoryItem', attributes: { inventory: map, eta: null, ...rest } };
}

function item(attributes: object): unknown {
  return {
    id: '10030',
    type: 'Item',
    attributes: { brand: 'Northbridge', mfr_part_number: '128100', product_name: 'Springs', ...attributes },
  };
}

function pricing(attributes: object): unknown {
  return { id: '10030', type: 'PricingItem', attributes };
}

function page(data: unknown[], number: number, total: number): object {
  const next = number < total ? `/v1/anything?page=${number + 1}` : null;
  return { data, meta: { total_pages: total }, links: { next } };
}

interface Asked {
  readonly requests: SupplierRequest[];
  readonly terms: Parameters<typeof turn14.readStock>[0];
}

/** A supplier that always gives one answer, sent two seconds from now, on a clock five seconds ahead. */
function answering(body: unknown, status = 200): Asked {
  return supplierThat(() => ({ status, body }));
}

/** A supplier that lists some ids, and gives a 404 to any call that names another. @param calls permits there are */
function listing(lists: (id: string) => boolean, calls = Infinity): Asked {
  let left = calls;
  return supplierThat(({ path }) => {
    if (left === 0) throw new CallFailed('notNow', 'no permit before the deadline', { retryAt: NOW + 60_000 });
    left -= 1;
    const ids = path.replace('inventory/', '').split(',').map(decodeURIComponent);
    if (!ids.every(lists)) return { status: 404, body: NOT_FOUND };
    return { status: 200, body: { data: ids.map((id) => inventory(id, { '01': 1 })) } };
  });
}

function supplierThat(answer: (request: SupplierRequest) => { status: number; body: unknown }): Asked {
  const requests: SupplierRequest[] = [];
  const call = async (request: SupplierRequest) => {
    requests.push(request);
    return { ...answer(request), headers: {}, sentAt: NOW + 2_000, askedAt: NOW + 1_990, sentAtSupplier: NOW + 7_000 };
  };
  return { requests, terms: { call, supplier: 'my-turn14', account: 'my-account', now: () => NOW, keys: [] } };
}

async function stockPage(...rows: unknown[]): Promise<Answered> {
  const supplier = answering(page(rows, 1, 1));
  return turn14.feeds.stock.full({ ...supplier.terms, token: null });
}

async function stockOf(...rows: unknown[]): Promise<StockObservation[]> {
  const { observations, rejections } = await stockPage(...rows);
  expect(rejections).toEqual([]);
  return observations.filter((observation) => observation.kind === 'stock');
}

async function catalogOf(...rows: unknown[]): Promise<readonly Observation[]> {
  const supplier = answering(page(rows, 1, 1));
  const { observations, rejections }: Page = await turn14.feeds.catalog.full({ ...supplier.terms, token: null });
  expect(rejections).toEqual([]);
  return observations;
}

async function pricePage(...rows: unknown[]): Promise<Answered> {
  const supplier = answering(page(rows, 1, 1));
  return turn14.feeds.prices.full({ ...supplier.terms, token: null });
}

async function pricesOf(attributes: object): Promise<unknown> {
  const { observations, rejections } = await pricePage(pricing(attributes));
  expect(rejections).toEqual([]);
  const [observation] = observations;
  return observation?.kind === 'price' ? observation.prices : undefined;
}

function keysOf(observations: readonly Observation[]): string[] {
  return observations.map(({ supplierPartNumber }) => supplierPartNumber).sort();
}
