import { createClient, type Client } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { offerId, partId } from '../../src/domain/identity.ts';
import { pruneChanges } from '../../src/store/changes.ts';
import { everyResult, listing, startGateway, stock, type RunningGateway } from './running-gateway.ts';

let gateway: RunningGateway;
let client: Client;

beforeEach(async () => {
  gateway = await startGateway();
  client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  await gateway.recorder.record({
    cause: 'SYNC',
    confirmation: 'each',
    observations: [listing('acme', '1', 'Moog', 'K-700'), listing('globex', '2', 'Bosch', '0 986')],
  });
});
afterEach(async () => {
  await client.dispose();
  await gateway.close();
});

const record = (supplier: string, number: string, quantity: number) =>
  gateway.recorder.record({
    cause: 'WEBHOOK',
    confirmation: 'each',
    observations: [stock(supplier, number, { '01': quantity })],
  });

const CHANGED = `subscription ($filter: StockFilter, $after: String) { stockChanged(filter: $filter, after: $after) {
  __typename
  ... on StockChange { cursor location cause recordedAt supplier { name } part { id brand } offer { id }
    before { quantity quality } after { quantity quality } }
  ... on StockGap { resumeAfter message } } }`;

interface Event {
  __typename: string;
  cursor: string;
  resumeAfter: string;
  after: { quantity: number };
  part: { availability: { quantity: number } };
}

const follow = (variables: Record<string, unknown> = {}, query = CHANGED) => {
  const results = client.iterate<{ stockChanged: Event }>({ query, variables });
  return {
    next: async (): Promise<Event> => {
      const step = await results.next();
      if (step.done === true || !step.value.data) throw new Error(`No event but ${JSON.stringify(step.value)}`);
      return step.value.data.stockChanged;
    },
    end: () => results.return?.(),
  };
};

const until = async (isSo: () => boolean): Promise<void> => {
  for (let tries = 0; !isSo() && tries < 500; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isSo()).toBe(true);
};

describe('a watcher of stock', () => {
  it('gets each change as it is recorded, with what was before', async () => {
    const events = follow();
    const first = events.next();
    await until(() => gateway.following() === 1);
    await record('acme', '1', 5);
    expect(await first).toEqual({
      __typename: 'StockChange',
      cursor: expect.stringMatching(/^[\w-]+$/) as string,
      location: '01',
      cause: 'WEBHOOK',
      recordedAt: expect.stringMatching(/Z$/) as string,
      supplier: { name: 'acme' },
      part: { id: `part_${partId('Moog', 'K-700')}`, brand: 'Moog' },
      offer: { id: `offer_${offerId('acme', '1')}` },
      before: null,
      after: { quantity: 5, quality: 'EXACT' },
    });
    await record('acme', '1', -2);
    expect(await events.next()).toMatchObject({ before: { quantity: 5 }, after: { quantity: 0, quality: 'EXACT' } });
    await events.end();
  });

  it('that comes back with its last cursor misses nothing and gets nothing twice', async () => {
    await record('acme', '1', 1);
    const cursor = (await gateway.ask<{ stockChanges: { endCursor: string } }>('{ stockChanges { endCursor } }')).data
      .stockChanges.endCursor;
    for (const quantity of [2, 3, 4]) await record('acme', '1', quantity);
    const events = follow({ after: cursor });
    const seen = [await events.next(), await events.next(), await events.next()];
    await record('acme', '1', 5);
    seen.push(await events.next());
    expect(seen.map((event) => event.after.quantity)).toEqual([2, 3, 4, 5]);
    await events.end();
    const again = follow({ after: seen[1]?.cursor });
    expect((await again.next()).after.quantity).toBe(4);
    await again.end();
  });

  it('gets only what fits its filter', async () => {
    const part = `part_${partId('Bosch', '0 986')}`;
    const start = follow({ filter: { parts: [part], suppliers: ['supplier_globex'] } });
    const first = start.next();
    await until(() => gateway.following() === 1);
    await record('acme', '1', 5);
    await record('globex', '2', 7);
    expect(await first).toMatchObject({ after: { quantity: 7 }, supplier: { name: 'globex' } });
    await start.end();
  });

  it('sees the present with every event, not what the first event loaded', async () => {
    const events = follow(
      {},
      'subscription { stockChanged { ... on StockChange { part { availability { quantity } } } } }',
    );
    const first = events.next();
    await until(() => gateway.following() === 1);
    await record('acme', '1', 5);
    expect((await first).part.availability.quantity).toBe(5);
    await record('acme', '1', 6);
    expect((await events.next()).part.availability.quantity).toBe(6);
    await events.end();
  });

  it('is told of a gap where its cursor is no longer kept, and goes on behind it', async () => {
    await record('acme', '1', 1);
    const { changes } = await gateway.changes.page(null, 1, {});
    for (const quantity of [2, 3]) await record('acme', '1', quantity);
    const old = (await gateway.ask<{ stockChanges: { changes: Event[] } }>('{ stockChanges { changes { cursor } } }'))
      .data.stockChanges.changes[0]?.cursor;
    await pruneChanges(gateway.db, (changes[0]?.position ?? 0) + 2);
    const events = follow({ after: old });
    const gap = await events.next();
    expect(gap).toMatchObject({ __typename: 'StockGap', message: expect.stringContaining('no longer kept') as string });
    await record('acme', '1', 9);
    expect((await events.next()).after.quantity).toBe(9);
    await events.end();
    const page = await gateway.ask('query ($after: String) { stockChanges(after: $after) { gap { resumeAfter } } }', {
      after: old,
    });
    expect(page.data).toMatchObject({ stockChanges: { gap: { resumeAfter: expect.any(String) as string } } });
  });

  it('that polls sees the same changes', async () => {
    for (const quantity of [1, 2, 3]) await record('acme', '1', quantity);
    const query = `query ($after: String) { stockChanges(first: 2, after: $after) {
      changes { cursor after { quantity } } endCursor hasNextPage gap { message } } }`;
    interface Page {
      stockChanges: { changes: Event[]; endCursor: string; hasNextPage: boolean; gap: null };
    }
    const one = (await gateway.ask<Page>(query)).data.stockChanges;
    const two = (await gateway.ask<Page>(query, { after: one.endCursor })).data.stockChanges;
    expect([...one.changes, ...two.changes].map((change) => change.after.quantity)).toEqual([1, 2, 3]);
    expect([one.hasNextPage, two.hasNextPage, one.gap]).toEqual([true, false, null]);
    expect(one.endCursor).toBe(one.changes[1]?.cursor);
  });

  it('is refused with a sentence where its cursor or filter is malformed', async () => {
    const refusal = async (variables: Record<string, unknown>) => {
      const [result] = await everyResult(client.iterate({ query: CHANGED, variables }));
      return result?.errors;
    };
    expect(await refusal({ after: 'nonsense' })).toMatchObject([
      {
        message: expect.stringContaining('is not one of the stock changes') as string,
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(await refusal({ filter: { parts: ['42'] } })).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    const many = { filter: { suppliers: Array<string>(251).fill('supplier_acme') } };
    expect(await refusal(many)).toMatchObject([{ message: expect.stringContaining('at most 250') as string }]);
    expect(gateway.following()).toBe(0);
  });
});

describe('a watcher that goes', () => {
  it('leaves nothing behind, though no further change comes', async () => {
    const started = Array.from({ length: 20 }, () => follow());
    const waiting = started.map((events) => events.next().catch(() => undefined));
    await until(() => gateway.following() === 20);
    for (const events of started) await events.end();
    await until(() => gateway.following() === 0);
    await Promise.all(waiting);
  });

  it('leaves nothing behind where its connection breaks', async () => {
    const waiting = follow()
      .next()
      .catch(() => undefined);
    await until(() => gateway.following() === 1);
    client.terminate();
    await until(() => gateway.following() === 0);
    await waiting;
  });

  it('is told to go elsewhere when the gateway stops', async () => {
    const codes: unknown[] = [];
    client.on('closed', (event) => codes.push((event as { code: number }).code));
    const waiting = follow()
      .next()
      .catch(() => undefined);
    await until(() => gateway.following() === 1);
    await gateway.http.close();
    await until(() => codes.length > 0);
    expect(codes).toEqual([1001]);
    expect(gateway.following()).toBe(0);
    await waiting;
  });
});
