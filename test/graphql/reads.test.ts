import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offerId, partId } from '../../src/domain/identity.ts';
import { atLeast, UNKNOWN_QUANTITY } from '../../src/domain/quantity.ts';
import { listing, startGateway, stock, type RunningGateway } from './running-gateway.ts';

let gateway: RunningGateway;
const PART = `part_${partId('Moog', 'K-700')}`;
const OFFER = `offer_${offerId('acme', '10030')}`;

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.recorder.record({
    cause: 'SYNC',
    confirmation: 'each',
    observations: [
      listing('acme', '10030', 'Moog', 'K-700'),
      stock('acme', '10030', { '01': 5, '59': -3 }),
      listing('globex', 'MGK700', 'MOOG', 'k-700'),
      stock('globex', 'MGK700', { EAST: atLeast(25), WEST: UNKNOWN_QUANTITY }),
      listing('acme', '10031', 'Moog', 'K700'),
      listing('acme', '10032', 'Bosch', '0 986 494 524'),
      stock('acme', '10099', { '01': 1 }),
    ],
  });
});
afterAll(() => gateway.close());

const NAMES = '{ id brand partNumber }';

describe('a part', () => {
  it('is found by each of its names, and is the same for every supplier', async () => {
    const { data, errors } = await gateway.ask(
      `query ($id: ID!) {
        byId: part(by: { id: $id }) ${NAMES}
        byName: part(by: { brandPart: { brand: " moog ", partNumber: "K-700" } }) ${NAMES}
        byAcme: part(by: { supplierPart: { supplier: "supplier_acme", supplierPartNumber: "10030" } }) ${NAMES}
        byGlobex: part(by: { supplierPart: { supplier: "supplier_globex", supplierPartNumber: "MGK700" } }) ${NAMES}
      }`,
      { id: PART },
    );
    expect(errors).toEqual([]);
    const part = { id: PART, brand: 'Moog', partNumber: 'K-700' };
    expect(data).toEqual({ byId: part, byName: part, byAcme: part, byGlobex: part });
  });

  it('that is not known is null and no error', async () => {
    const { data, errors } = await gateway.ask(`{
      a: part(by: { id: "part_aaaaaaaaaaaaaaaa" }) { id }
      b: part(by: { brandPart: { brand: "Moog", partNumber: "K 700" } }) { id }
      c: part(by: { supplierPart: { supplier: "supplier_acme", supplierPartNumber: "nope" } }) { id }
      d: part(by: { supplierPart: { supplier: "supplier_acme", supplierPartNumber: "10099" } }) { id }
    }`);
    expect({ data, errors }).toEqual({ data: { a: null, b: null, c: null, d: null }, errors: [] });
  });

  it('shows stock by supplier and location: never negative, unknown never zero, with its age', async () => {
    const { data } = await gateway.ask(
      `query ($by: PartBy!) {
        part(by: $by) {
          availability(freshness: { maxAge: "P365D" }) {
            state quantity quantityIsAtLeast freshness { status reason age observedAt origin }
            levels { supplier { name } location quantity quality }
          }
        }
      }`,
      { by: { id: PART } },
    );
    expect(data).toEqual({
      part: {
        availability: {
          state: 'IN_STOCK',
          quantity: 30,
          quantityIsAtLeast: true,
          freshness: {
            status: 'FRESH',
            reason: null,
            origin: 'COPY',
            age: expect.stringMatching(/^PT[\d.]+S$/) as string,
            observedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
          },
          levels: [
            { supplier: { name: 'acme' }, location: '01', quantity: 5, quality: 'EXACT' },
            { supplier: { name: 'acme' }, location: '59', quantity: 0, quality: 'EXACT' },
            { supplier: { name: 'globex' }, location: 'EAST', quantity: 25, quality: 'AT_LEAST' },
            { supplier: { name: 'globex' }, location: 'WEST', quantity: null, quality: 'UNKNOWN' },
          ],
        },
      },
    });
  });

  it('says why an answer is not fresh', async () => {
    const { data } = await gateway.ask(
      `query ($by: PartBy!) { part(by: $by) { availability(freshness: { maxAge: "PT0S", onStale: CACHE_ONLY }) {
        freshness { status reason } } } }`,
      { by: { id: PART } },
    );
    expect(data).toMatchObject({ part: { availability: { freshness: { status: 'EXPIRED', reason: 'CACHE_ONLY' } } } });
  });

  it('keeps the rest of the answer where LIVE_REQUIRED brings nothing fresh', async () => {
    const { data, errors } = await gateway.ask(
      `query ($id: ID!) { partsBy(by: [{ id: $id }, { id: $id }]) {
        brand availability(freshness: { maxAge: "PT0S", onStale: LIVE_REQUIRED, waitUpTo: "PT0.1S" }) { quantity } } }`,
      { id: PART },
    );
    expect(data).toEqual({ partsBy: Array(2).fill({ brand: 'Moog', availability: null }) });
    expect(errors[0]).toMatchObject({
      path: ['partsBy', 0, 'availability'],
      extensions: { code: 'UPSTREAM_UNAVAILABLE' },
    });
  });
});

describe('many parts', () => {
  it('come in the order asked, with null where one is not known', async () => {
    const { data } = await gateway.ask('query ($by: [PartBy!]!) { partsBy(by: $by) { partNumber } }', {
      by: [
        { brandPart: { brand: 'Bosch', partNumber: '0 986 494 524' } },
        { id: 'part_aaaaaaaaaaaaaaaa' },
        { id: PART },
      ],
    });
    expect(data).toEqual({ partsBy: [{ partNumber: '0 986 494 524' }, null, { partNumber: 'K-700' }] });
  });

  it('fail one by one where an id is malformed', async () => {
    const { data, errors } = await gateway.ask('query ($by: [PartBy!]!) { partsBy(by: $by) { partNumber } }', {
      by: [{ id: PART }, { id: OFFER }],
    });
    expect(data).toEqual({ partsBy: [{ partNumber: 'K-700' }, null] });
    expect(errors).toMatchObject([{ path: ['partsBy', 1], extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('are at most 250', async () => {
    const ids = (count: number) => Array.from({ length: count }, () => ({ id: PART }));
    const query = 'query ($by: [PartBy!]!) { partsBy(by: $by) { id } }';
    expect((await gateway.ask(query, { by: ids(250) })).errors).toEqual([]);
    const { errors } = await gateway.ask(query, { by: ids(251) });
    expect(errors).toMatchObject([
      {
        message: '`by` has 251 entries; at most 250 are taken. Split the request.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });
});

describe('a walk over the parts', () => {
  const PAGE = `query ($after: String, $filter: PartFilter) { parts(first: 2, after: $after, filter: $filter) {
    nodes { partNumber } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
  interface PartPage {
    parts: {
      nodes: { partNumber: string }[];
      edges: { cursor: string; node: { id: string } }[];
      pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
    };
  }

  it('visits each once, in the order of brand and number', async () => {
    const one = (await gateway.ask<PartPage>(PAGE)).data.parts;
    expect(one.nodes.map((part) => part.partNumber)).toEqual(['0 986 494 524', 'K-700']);
    expect(one.pageInfo).toMatchObject({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: one.edges[0]?.cursor,
    });
    const two = (await gateway.ask<PartPage>(PAGE, { after: one.pageInfo.endCursor })).data.parts;
    expect(two.nodes.map((part) => part.partNumber)).toEqual(['K700']);
    expect(two.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  it('keeps to a brand and to the beginning of a number in any spelling', async () => {
    const filter = { brand: 'MOOG', partNumberStartsWith: 'k7' };
    const { data } = await gateway.ask<PartPage>(PAGE, { filter });
    expect(data.parts.nodes.map((part) => part.partNumber)).toEqual(['K-700', 'K700']);
    const { errors } = await gateway.ask(PAGE, { filter: { partNumberStartsWith: '--' } });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('refuses a cursor that is not one of its own, and pages out of bounds', async () => {
    const changes = await gateway.ask<{ stockChanges: { endCursor: string } }>('{ stockChanges { endCursor } }');
    for (const after of ['nonsense', changes.data.stockChanges.endCursor]) {
      const { errors } = await gateway.ask(PAGE, { after });
      expect(errors).toMatchObject([
        {
          message:
            'The cursor in `after` is not one of `parts`: take it from `pageInfo.endCursor` or an edge of an earlier answer.',
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ]);
    }
    for (const first of [0, -1, 251]) {
      const { errors } = await gateway.ask('query ($first: Int!) { parts(first: $first) { nodes { id } } }', { first });
      expect(errors).toMatchObject([
        { message: `\`first\` is ${first}; it takes 1 to 250. Ask for further pages with \`after\`.` },
      ]);
    }
  });
});

describe('an object with an id', () => {
  it('is found by it, of every kind', async () => {
    const job = await gateway.ask<{ refreshInventory: { job: { id: string } } }>(
      'mutation ($input: RefreshInventoryInput!) { refreshInventory(input: $input) { job { id } } }',
      { input: { parts: [{ id: PART }], idempotencyKey: '7c9e6679-7425-40de-944b-e07fc1f90ae7' } },
    );
    const ids = [PART, OFFER, 'supplier_acme', job.data.refreshInventory.job.id];
    const types = await Promise.all(ids.map((id) => gateway.ask(NODE, { id })));
    expect(types.map(({ data }) => data['node'])).toEqual([
      { __typename: 'Part', id: PART, brand: 'Moog' },
      { __typename: 'Offer', id: OFFER, supplierPartNumber: '10030', part: { id: PART } },
      { __typename: 'Supplier', id: 'supplier_acme', name: 'acme' },
      { __typename: 'RefreshJob', id: ids[3], total: 2 },
    ]);
  });

  it('is null where nothing has the id', async () => {
    for (const id of ['part_aaaaaaaaaaaaaaaa', 'offer_aaaaaaaaaaaaaaaa', 'supplier_nobody', 'job_none']) {
      expect(await gateway.ask(NODE, { id })).toMatchObject({ data: { node: null }, errors: [] });
    }
  });

  it('is an error with a sentence where the id is malformed', async () => {
    expect((await gateway.ask(NODE, { id: '42' })).errors).toMatchObject([
      {
        message: '"42" is not an id: take ids from earlier answers; they begin with part_, offer_, supplier_, job_',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    const { errors } = await gateway.ask('{ part(by: { id: "42" }) { id } }');
    expect(errors).toMatchObject([
      { message: '"42" is not a part id: take ids from earlier answers; part ids begin with part_' },
    ]);
  });

  const NODE = `query ($id: ID!) { node(id: $id) { __typename id ... on Part { brand } ... on Supplier { name }
    ... on Offer { supplierPartNumber part { id } } ... on RefreshJob { total } } }`;
});

describe('what a caller says about age', () => {
  const ask = (freshness: object) =>
    gateway.ask(
      'query ($by: PartBy!, $freshness: FreshnessInput) { part(by: $by) { availability(freshness: $freshness) { quantity } } }',
      { by: { id: PART }, freshness },
    );

  it.each([
    [{ maxAge: 'P366D' }, '`maxAge` takes at most P365D.'],
    [{ waitUpTo: 'PT30.001S' }, '`waitUpTo` takes at most PT30S.'],
  ])('is bounded: %j', async (freshness, message) => {
    expect((await ask(freshness)).errors).toMatchObject([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it.each([{ maxAge: 30 }, { maxAge: 'P1M' }, { maxAge: '-PT1S' }, { onStale: 'NEVER' }])(
    'is refused before anything runs: %j',
    async (freshness) => {
      const { status, errors } = await ask(freshness);
      expect({ status, code: errors[0]?.extensions['code'] }).toEqual({ status: 400, code: 'BAD_USER_INPUT' });
    },
  );
});

it('lists the suppliers', async () => {
  expect((await gateway.ask('{ suppliers { id name } }')).data).toEqual({
    suppliers: [
      { id: 'supplier_acme', name: 'acme' },
      { id: 'supplier_globex', name: 'globex' },
    ],
  });
});
