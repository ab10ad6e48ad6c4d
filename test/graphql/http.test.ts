import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditServer } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type RunningGateway } from './running-gateway.ts';

let gateway: RunningGateway;
let isRedisUp = true;
let isDatabaseUp = true;
const ideFolder = join(mkdtempSync(join(tmpdir(), 'gateway-ide-')), 'ide');

beforeAll(async () => {
  mkdirSync(ideFolder);
  writeFileSync(join(ideFolder, 'index.html'), '<title>the editor</title>');
  const failing = (isUp: () => boolean) => () =>
    isUp() ? Promise.resolve() : Promise.reject(new Error('at 10.0.0.7'));
  gateway = await startGateway({
    ideFolder,
    checks: [
      { name: 'database', isNeeded: true, check: failing(() => isDatabaseUp) },
      { name: 'redis', isNeeded: false, check: failing(() => isRedisUp) },
    ],
  });
});
afterAll(async () => {
  await gateway.close();
  rmSync(ideFolder, { recursive: true });
});

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(gateway.graphqlUrl, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

it('passes the public audit of GraphQL over HTTP', async () => {
  const results = await auditServer({ url: gateway.graphqlUrl });
  expect(results).toHaveLength(61);
  expect(results.filter((result) => result.status === 'error')).toEqual([]);
  // Apollo answers 400 where the draft would like 200 for media type application/json: it says so of itself.
  const warned = results.filter((result) => result.status === 'warn').map((result) => result.id);
  expect(warned.sort()).toEqual(['572B', '7B9B', 'FDE2']);
});

describe('a simple request, as any page on the web can make a browser send', () => {
  it.each([
    ['text', 'text/plain', '{"query":"{__typename}"}'],
    ['a form', 'application/x-www-form-urlencoded', 'query={__typename}'],
    ['a form in parts', 'multipart/form-data; boundary=x', '--x\r\n\r\n--x--'],
  ])('is refused as %s', async (_name, type, body) => {
    const response = await post(body, { 'content-type': type });
    expect([400, 415]).toContain(response.status);
    expect(await response.text()).not.toContain('"data"');
  });

  it('is refused without a type, and by GET', async () => {
    const response = await fetch(gateway.graphqlUrl, { method: 'POST', body: new Blob(['{"query":"{__typename}"}']) });
    expect([400, 415]).toContain(response.status);
    expect((await fetch(`${gateway.graphqlUrl}?query={__typename}`)).status).toBe(400);
  });
});

it('answers a query by GET from a program, and never a mutation', async () => {
  const get = (query: string) =>
    fetch(`${gateway.graphqlUrl}?query=${encodeURIComponent(query)}`, {
      headers: { 'apollo-require-preflight': '1', accept: 'application/json' },
    });
  expect(await (await get('{ __typename }')).json()).toEqual({ data: { __typename: 'Query' } });
  const mutation = await get('mutation { refreshInventory(input: { parts: [], idempotencyKey: "x" }) { job { id } } }');
  expect(mutation.status).not.toBe(200);
});

it('says that subscriptions go over WebSocket', async () => {
  const { status, errors } = await gateway.ask('subscription { stockChanged { __typename } }');
  expect({ status, errors }).toMatchObject({
    status: 400,
    errors: [{ message: 'Subscriptions are served over WebSocket (graphql-transport-ws) at this same address.' }],
  });
});

describe('a body that cannot be read', () => {
  it.each([
    ['no JSON', '{', 400],
    ['no object', '7', 400],
    ['no query', '{}', 400],
    ['larger than 256 KiB', `{"query":"{__typename}","x":"${'x'.repeat(257 * 1024)}"}`, 413],
    ['a batch', '[{"query":"{__typename}"}]', 400],
  ])('is %s', async (_name, body, status) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String) as string }] });
  });
});

it('names the routes where there is nothing', async () => {
  const response = await fetch(`${gateway.url}/graphq`);
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    errors: [{ message: expect.stringContaining('POST or GET /graphql, GET /ide/') as string }],
  });
});

it('sends a browser to the query editor', async () => {
  const page = await fetch(gateway.graphqlUrl, { headers: { accept: 'text/html,*/*' } });
  expect(page.url).toBe(`${gateway.url}/ide/`);
  expect(await page.text()).toContain('the editor');
  expect(page.headers.get('x-frame-options')).toBe('DENY');
  expect((await fetch(`${gateway.url}/`)).url).toBe(`${gateway.url}/ide/`);
  expect((await fetch(`${gateway.url}/ide`)).url).toBe(`${gateway.url}/ide/`);
  expect((await fetch(`${gateway.url}/ide/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
});

it('says how to build the query editor where it is missing', async () => {
  const bare = await startGateway();
  try {
    expect(await (await fetch(`${bare.url}/ide/`)).text()).toContain('npm run build');
  } finally {
    await bare.close();
  }
});

it('hands out the metrics', async () => {
  const response = await fetch(`${gateway.url}/metrics`);
  expect(response.headers.get('content-type')).toContain('version=0.0.4');
  expect(await response.text()).toBe('up 1\n');
});

describe('health', () => {
  const ready = async () => {
    const response = await fetch(`${gateway.url}/health/ready`);
    return { status: response.status, body: (await response.json()) as unknown };
  };

  it('is live whatever it leans on', async () => {
    isDatabaseUp = false;
    expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
    isDatabaseUp = true;
  });

  it('is ready where Redis is away, and not where the database is', async () => {
    const up = { ok: true, needed: true };
    const redisUp = { ok: true, needed: false };
    expect(await ready()).toEqual({ status: 200, body: { status: 'ready', checks: { database: up, redis: redisUp } } });
    isRedisUp = false;
    expect(await ready()).toMatchObject({ status: 200, body: { checks: { redis: { ok: false } } } });
    isDatabaseUp = false;
    expect(await ready()).toMatchObject({
      status: 503,
      body: { status: 'not ready', checks: { database: { ok: false } } },
    });
    expect(JSON.stringify(await ready())).not.toContain('10.0.0.7');
    expect(gateway.logged()).toContain('10.0.0.7');
    isRedisUp = isDatabaseUp = true;
  });
});
