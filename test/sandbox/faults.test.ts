import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { createHandClock, type HandClock } from './hand-clock.ts';
import { createSandboxClient, type SandboxClient } from './sandbox-client.ts';

let sandbox: Sandbox;
let client: SandboxClient;
let clock: HandClock;

beforeAll(async () => {
  clock = createHandClock();
  sandbox = await startSandbox({ parts: 40, pageSize: 10, seed: 7, limits: [], clock });
  client = createSandboxClient(sandbox.url);
});
afterEach(() => sandbox.control.clearFaults());
afterAll(() => sandbox.stop());

describe('faults', () => {
  it('storm429: refuses though the limits are kept, with or without Retry-After', async () => {
    sandbox.control.addFault({ kind: 'storm429', count: 1, retryAfterSeconds: 7 });
    sandbox.control.addFault({ kind: 'storm429', count: 1, retryAfterSeconds: 0 });
    const [first, second] = [await client.get('/v1/stock'), await client.get('/v1/stock')];
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '7']);
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, null]);
    expect((await client.get('/v1/stock')).status).toBe(200);
  });

  it('errors500 and html200: answers that are no data', async () => {
    sandbox.control.addFault({ kind: 'errors500', count: 1 });
    sandbox.control.addFault({ kind: 'html200', count: 1 });
    expect((await client.get('/v1/stock')).status).toBe(500);
    const page = await client.get('/v1/stock');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html']);
    expect(page.text).toMatch(/^<!doctype html>/);
  });

  it('reset: breaks the connection, before the headers or in the middle of the body', async () => {
    sandbox.control.addFault({ kind: 'reset', count: 1 });
    await expect(fetch(`${sandbox.url}/v1/stock`)).rejects.toThrow('fetch failed');
    sandbox.control.addFault({ kind: 'reset', count: 1, afterHeaders: true });
    const response = await fetch(`${sandbox.url}/v1/stock`, { headers: { 'x-api-key': 'sandbox-key' } });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('slow: keeps the answer back', async () => {
    const waits: number[] = [];
    const slow = await startSandbox({
      parts: 1,
      limits: [],
      clock: { now: () => clock.now(), sleep: (ms) => Promise.resolve(void waits.push(ms)) },
    });
    slow.control.addFault({ kind: 'slow', count: 1, delayMs: 1_234 });
    expect((await createSandboxClient(slow.url).get('/v1/stock')).status).toBe(200);
    expect(waits).toEqual([1_234]);
    await slow.stop();
  });

  it('truncated: half a body that only its text gives away', async () => {
    sandbox.control.addFault({ kind: 'truncated', count: 1 });
    const reply = await client.get('/v1/stock');
    expect(reply.status).toBe(200);
    expect(Number(reply.headers.get('content-length'))).toBe(Buffer.byteLength(reply.text));
    expect(() => reply.json()).toThrow();
  });

  it('emptyList: claims to be complete, as a list and by ids', async () => {
    sandbox.control.addFault({ kind: 'emptyList', count: 2 });
    expect((await client.get('/v1/stock?page=2')).json()).toMatchObject({
      data: [],
      meta: { page: 2, total_pages: 2 },
    });
    expect((await client.post('/v1/stock/by-ids', { ids: ['000001'] })).json()).toEqual({ data: [], not_found: [] });
  });

  it('duplicates, reordered, badRecord, times100: lists that lie in their rows', async () => {
    const right = (await client.get('/v1/prices')).json().data;
    for (const kind of ['duplicates', 'reordered', 'badRecord', 'times100'] as const) {
      sandbox.control.addFault({ kind, count: 1 });
    }
    const duplicated = (await client.get('/v1/prices')).json().data;
    expect(duplicated).toEqual([...right, ...right.slice(0, 5)]);
    expect((await client.get('/v1/prices')).json().data).toEqual([...right].reverse());
    expect((await client.get('/v1/prices')).json().data[0]).toMatchObject({ id: '000001', cost: 'POA' });
    const raised = (await client.get('/v1/prices')).json().data;
    expect(Number(raised[0]?.['cost'])).toBeCloseTo(Number(right[0]?.['cost']) * 100, 4);
  });

  it('befall only the path they name, for as long as they say, until they are deleted', async () => {
    sandbox.control.addFault({ kind: 'errors500', path: '/v1/stock/by-ids' });
    sandbox.control.addFault({ kind: 'errors500', path: '/v1/prices', forMs: 1_000 });
    expect((await client.get('/v1/stock')).status).toBe(200);
    expect((await client.post('/v1/stock/by-ids', { ids: [] })).status).toBe(500);
    expect((await client.get('/v1/prices')).status).toBe(500);
    clock.turn(1_000);
    expect((await client.get('/v1/prices')).status).toBe(200);
    await fetch(`${sandbox.url}/_sandbox/faults`, { method: 'DELETE' });
    expect((await client.post('/v1/stock/by-ids', { ids: [] })).status).toBe(200);
  });

  it('are counted as arrivals and named in the log of calls', async () => {
    const before = sandbox.verdict();
    sandbox.control.addFault({ kind: 'storm429', count: 1 });
    await client.get('/v1/stock');
    expect(sandbox.verdict()).toMatchObject({ arrivals: before.arrivals + 1, refused: before.refused + 1 });
    expect(sandbox.control.requests(1)).toMatchObject([{ status: 429, fault: 'storm429' }]);
  });
});
