import { randomUUID } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { offerId, partId } from '../../src/domain/identity.ts';
import { everyResult, listing, startGateway, type RunningGateway } from './running-gateway.ts';

let gateway: RunningGateway;
const PART = { id: `part_${partId('Moog', 'K-700')}` };
const OTHER = { brandPart: { brand: 'Moog', partNumber: 'K-701' } };
const UNKNOWN = { brandPart: { brand: 'Moog', partNumber: 'K-999' } };

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.recorder.record({
    cause: 'SYNC',
    confirmation: 'each',
    observations: [
      listing('acme', '1', 'Moog', 'K-700'),
      listing('globex', '2', 'Moog', 'K-700'),
      listing('acme', '3', 'Moog', 'K-701'),
    ],
  });
});
afterAll(() => gateway.close());

interface Payload {
  refreshInventory: { job: { id: string; total: number } | null; userErrors: object[] };
}

const refresh = (parts: object[], idempotencyKey: string = randomUUID()) =>
  gateway.ask<Payload>(
    `mutation ($input: RefreshInventoryInput!) { refreshInventory(input: $input) {
      job { id total requestedAt } userErrors { field message code } } }`,
    { input: { parts, idempotencyKey } },
  );

describe('a forced refresh', () => {
  it('is taken as a job over every offer of its parts, and ends with a line for each', async () => {
    const { data, errors } = await refresh([PART, OTHER]);
    expect(errors).toEqual([]);
    const { job } = data.refreshInventory;
    expect(job).toMatchObject({ id: expect.stringMatching(/^job_/) as string, total: 3 });
    const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
    const seen = await everyResult(
      client.iterate<{ refreshJobUpdated: { state: string } }>({
        query: `subscription ($id: ID!) { refreshJobUpdated(id: $id) {
          id state done endedAt results { offer { id } state reason retryAt } } }`,
        variables: { id: job?.id },
      }),
    );
    await client.dispose();
    expect(seen.at(-1)?.data?.refreshJobUpdated).toEqual({
      id: job?.id,
      state: 'FAILED',
      done: 3,
      endedAt: expect.stringMatching(/Z$/) as string,
      results: [['acme', '1'] as const, ['globex', '2'] as const, ['acme', '3'] as const].map(([supplier, number]) => ({
        offer: { id: `offer_${offerId(supplier, number)}` },
        state: 'FAILED',
        reason: 'NOT_REFRESHABLE',
        retryAt: null,
      })),
    });
    const found = await gateway.ask('query ($id: ID!) { refreshJob(id: $id) { state } }', { id: job?.id });
    expect(found.data).toEqual({ refreshJob: { state: 'FAILED' } });
  });

  it('is the same job where the key is the same, in any spelling', async () => {
    const key = randomUUID();
    const jobs = await Promise.all([refresh([PART], key), refresh([PART], key.toUpperCase())]);
    const [one, two] = jobs.map(({ data }) => data.refreshInventory.job?.id);
    expect(one).toBeDefined();
    expect(two).toBe(one);
  });

  it.each([
    ['no parts', () => [], 'NO_PARTS', ['input', 'parts']],
    ['too many parts', () => Array<object>(251).fill(PART), 'TOO_MANY_PARTS', ['input', 'parts']],
    ['a part that is not known', () => [PART, OTHER, PART, UNKNOWN], 'NOT_FOUND', ['input', 'parts', '3']],
  ])('is refused for %s, to a program and to a person', async (_what, parts, code, field) => {
    const { data, errors } = await refresh(parts());
    expect(errors).toEqual([]);
    expect(data.refreshInventory).toEqual({
      job: null,
      userErrors: [{ code, field, message: expect.stringMatching(/\.$/) as string }],
    });
  });

  it('is refused where its key came with other parts', async () => {
    const key = randomUUID();
    await refresh([PART], key);
    expect((await refresh([OTHER], key)).data.refreshInventory).toMatchObject({
      job: null,
      userErrors: [{ code: 'IDEMPOTENCY_KEY_REUSED', field: ['input', 'idempotencyKey'] }],
    });
  });

  it.each([
    ['a part named in two ways', { ...PART, ...OTHER }],
    ['a part named in no way', {}],
  ])('is not run for %s', async (_what, part) => {
    const { status, errors } = await refresh([part]);
    expect({ status, code: errors[0]?.extensions['code'] }).toEqual({ status: 400, code: 'BAD_USER_INPUT' });
  });

  it('is not run with a key that is no UUID', async () => {
    expect((await refresh([PART], 'again')).errors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });
});

it('a job that is not known is null to ask for, and a sentence to watch', async () => {
  expect((await gateway.ask('{ refreshJob(id: "job_none") { id } }')).data).toEqual({ refreshJob: null });
  const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  const [result] = await everyResult(
    client.iterate({ query: 'subscription { refreshJobUpdated(id: "job_none") { id } }' }),
  );
  await client.dispose();
  expect(result?.errors).toMatchObject([
    { message: 'There is no refresh job job_none. Jobs are kept for a day.', extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});
