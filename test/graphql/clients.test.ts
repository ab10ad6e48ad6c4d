import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { listing, startGateway, stock, type RunningGateway } from './running-gateway.ts';

let gateway: RunningGateway;

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.recorder.record({
    cause: 'SYNC',
    confirmation: 'each',
    observations: [listing('acme', '1', 'Moog', 'K-700'), stock('acme', '1', { '01': 5 })],
  });
});
afterAll(() => gateway.close());

it('Apollo Client asks, keeps objects by their ids, and is told what was wrong', async () => {
  const client = new ApolloClient({ link: new HttpLink({ uri: gateway.graphqlUrl }), cache: new InMemoryCache() });
  const { data } = await client.query<{ part: { id: string; availability: { quantity: number } } }>({
    query: gql`
      query Part($by: PartBy!) {
        part(by: $by) {
          id
          brand
          availability(freshness: { maxAge: "PT1H", onStale: CACHE_ONLY }) {
            quantity
            levels {
              location
              quantity
              freshness {
                status
                age
              }
            }
          }
        }
      }
    `,
    variables: { by: { brandPart: { brand: 'moog', partNumber: 'k-700' } } },
  });
  expect(data?.part.availability.quantity).toBe(5);
  expect(client.cache.extract()).toHaveProperty([`Part:${data?.part.id ?? ''}`]);
  const wrong = client.query({
    query: gql`
      query Wrong {
        part(by: { id: "42" }) {
          id
        }
      }
    `,
  });
  await expect(wrong).rejects.toThrow('is not a part id: take ids from earlier answers');
});

it('Apollo Client follows a subscription', async () => {
  const socket = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket });
  const client = new ApolloClient({ link: new GraphQLWsLink(socket), cache: new InMemoryCache() });
  const query = gql`
    subscription Changes {
      stockChanged {
        ... on StockChange {
          cursor
          after {
            quantity
          }
        }
      }
    }
  `;
  const change = new Promise((resolve, reject) => {
    client.subscribe({ query }).subscribe({ next: resolve, error: reject });
  });
  while (gateway.following() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await gateway.recorder.record({
    cause: 'SYNC',
    confirmation: 'each',
    observations: [stock('acme', '1', { '01': 8 })],
  });
  expect(await change).toMatchObject({ data: { stockChanged: { after: { quantity: 8 } } } });
  client.stop();
  await socket.dispose();
});
