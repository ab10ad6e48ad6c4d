import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startWholeGateway, type WholeGateway } from '../whole-gateway.ts';

const never = 10 * 365 * 86_400;
const seldom = { fullEverySeconds: never, incrementalEverySeconds: never, overlapSeconds: 5 };
const KEY = '000007';

const PART = gql`
  query Part($key: String!, $freshness: FreshnessInput) {
    part(by: { supplierPart: { supplier: "supplier_sandbox", supplierPartNumber: $key } }) {
      id
      offers {
        supplierPartNumber
        stock(freshness: $freshness) {
          levels {
            location
            quantity
          }
          freshness {
            status
            reason
            origin
          }
        }
      }
    }
  }
`;

interface PartAnswer {
  readonly part: {
    readonly id: string;
    readonly offers: readonly {
      readonly supplierPartNumber: string;
      readonly stock: {
        readonly levels: readonly { readonly location: string; readonly quantity: number | null }[];
        readonly freshness: { readonly status: string; readonly reason: string | null; readonly origin: string };
      };
    }[];
  };
}

/** What a shop's programs do, with the client libraries they do it with. */
describe.each(['embedded', 'servers'] as const)('a shop on %s', (on) => {
  let gateway: WholeGateway;
  let client: ApolloClient;
  let sockets: Client;

  beforeAll(async () => {
    gateway = await startWholeGateway({
      on,
      sandbox: { parts: 120, movesPerSecond: 0 },
      supplier: { freshForSeconds: 3_600, schedules: { catalog: seldom, stock: seldom, prices: seldom } },
    });
    gateway.app.startWork();
    await gateway.filled();
    const uri = `${gateway.url}/graphql`;
    client = new ApolloClient({ link: new HttpLink({ uri }), cache: new InMemoryCache() });
    sockets = createClient({ url: uri.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
  });
  afterAll(async () => {
    await sockets.dispose();
    client.stop();
    await gateway.close();
  });

  async function stock(freshness: Record<string, string> = {}): Promise<PartAnswer['part']['offers'][number]['stock']> {
    const { data } = await client.query<PartAnswer>({
      query: PART,
      variables: { key: KEY, freshness },
      fetchPolicy: 'network-only',
    });
    const offer = data?.part.offers.find((each) => each.supplierPartNumber === KEY);
    if (offer === undefined) throw new Error('the part is not there');
    return offer.stock;
  }

  const atBirmingham = (levels: PartAnswer['part']['offers'][number]['stock']['levels']): number | null | undefined =>
    levels.find(({ location }) => location === 'BHM')?.quantity;

  it('asks for a part and gets its stock from the copy', async () => {
    expect((await stock()).freshness).toMatchObject({ status: 'FRESH', reason: null, origin: 'COPY' });
  });

  it('is shown the old value first and finds the new one behind it', async () => {
    gateway.sandbox.control.setStock(KEY, 'BHM', 41);
    const first = await stock({ maxAge: 'PT0S' });
    expect(first.freshness).toMatchObject({ status: 'STALE', reason: 'REVALIDATING' });
    await expect.poll(async () => atBirmingham((await stock({ onStale: 'CACHE_ONLY' })).levels)).toBe(41);
  });

  it('waits for a fresh value where it says so', async () => {
    gateway.sandbox.control.setStock(KEY, 'BHM', 42);
    const answer = await stock({ maxAge: 'PT0S', onStale: 'WAIT_THEN_SERVE', waitUpTo: 'PT5S' });
    expect(atBirmingham(answer.levels)).toBe(42);
    expect(answer.freshness).toMatchObject({ status: 'FRESH', origin: 'LIVE' });
  });

  it('is told of a change that a run brings, once, and misses none while it is away', async () => {
    const query =
      'subscription ($after: String) { stockChanged(after: $after) { ... on StockChange { cursor location after { quantity } cause offer { supplierPartNumber } } } }';
    const live = sockets.iterate<{ stockChanged: Change }>({ query });
    const change = live.next();
    await sitDown();
    gateway.sandbox.control.setStock(KEY, 'BHM', 43);
    await gateway.app.sync(stockRun);
    const told = (await change).value?.data?.stockChanged;
    expect(told).toMatchObject({ after: { quantity: 43 }, cause: 'SYNC', offer: { supplierPartNumber: KEY } });
    await live.return?.();

    for (const quantity of [44, 45]) {
      gateway.sandbox.control.setStock(KEY, 'BHM', quantity);
      await gateway.app.sync(stockRun);
    }
    const back = sockets.iterate<{ stockChanged: Change }>({ query, variables: { after: told?.cursor } });
    const missed = [(await back.next()).value, (await back.next()).value];
    expect(missed.map((each) => each?.data?.stockChanged.after.quantity)).toEqual([44, 45]);
    await back.return?.();
  });

  it('forces a refresh, watches it to its end, and a repeated request is the same job', async () => {
    gateway.sandbox.control.setStock(KEY, 'BHM', 46);
    const force = gql`
      mutation ($input: RefreshInventoryInput!) {
        refreshInventory(input: $input) {
          job {
            id
          }
          userErrors {
            code
          }
        }
      }
    `;
    const parts = [{ supplierPart: { supplier: 'supplier_sandbox', supplierPartNumber: KEY } }];
    const variables = { input: { parts, idempotencyKey: '7c9e6679-7425-40de-944b-e07fc1f90ae7' } };
    const request = async (): Promise<string | undefined> =>
      (await client.mutate<{ refreshInventory: { job: { id: string } } }>({ mutation: force, variables })).data
        ?.refreshInventory.job.id;
    const id = await request();
    expect(await request()).toBe(id);
    const states: string[] = [];
    const query = 'subscription ($id: ID!) { refreshJobUpdated(id: $id) { state done total results { state } } }';
    for await (const { data } of sockets.iterate<{ refreshJobUpdated: Job }>({ query, variables: { id } })) {
      if (data) states.push(data.refreshJobUpdated.state);
    }
    expect(states.at(-1)).toBe('DONE');
    expect(atBirmingham((await stock({ onStale: 'CACHE_ONLY' })).levels)).toBe(46);
  });

  it('never went over a limit, as the supplier itself counted', () => {
    const { refused, windows } = gateway.sandbox.verdict();
    expect(refused).toBe(0);
    expect(Math.max(...windows.map(({ violations }) => violations))).toBe(0);
  });
});

const stockRun = { supplier: 'sandbox', feed: 'stock', mode: 'incremental', lane: 'scheduled' } as const;

interface Change {
  readonly cursor: string;
  readonly after: { readonly quantity: number | null };
}

interface Job {
  readonly state: string;
}

/** A subscription without `after` starts when the server has it: nothing tells the client when. */
function sitDown(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 500));
}
