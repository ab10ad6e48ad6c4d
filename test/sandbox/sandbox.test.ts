import { afterEach, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { createHandClock } from './hand-clock.ts';
import { createSandboxClient, type Row, type SandboxClient } from './sandbox-client.ts';

const started: Sandbox[] = [];

async function start(options: SandboxOptions = {}): Promise<{ sandbox: Sandbox; client: SandboxClient }> {
  const sandbox = await startSandbox({ parts: 95, pageSize: 10, seed: 7, limits: [], ...options });
  started.push(sandbox);
  return { sandbox, client: createSandboxClient(sandbox.url) };
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((sandbox) => sandbox.stop()));
});

const APPLICATION = { grant_type: 'client_credentials', client_id: 'sandbox', client_secret: 'sandbox-secret' };

describe('who may call', () => {
  it('takes a token, asked for as JSON or as a form, until its life ends', async () => {
    const clock = createHandClock();
    const { sandbox, client } = await start({ clock });
    const form = new URLSearchParams(APPLICATION).toString();
    for (const body of [APPLICATION, form]) {
      const reply = await client.post('/oauth/token', body);
      expect(reply.json()).toMatchObject({ token_type: 'Bearer', expires_in: 3_600 });
      const bearer = createSandboxClient(sandbox.url, {
        authorization: `Bearer ${String(reply.json()['access_token'])}`,
      });
      expect((await bearer.get('/v1/stock')).status).toBe(200);
      clock.turn(3_600_000);
      expect((await bearer.get('/v1/stock')).status).toBe(401);
    }
  });

  it.each([
    ['no credential', {}],
    ['a wrong key', { 'x-api-key': 'sandbox' }],
    ['a token of its own making', { authorization: 'Bearer 00000000' }],
  ])('answers 401 to %s', async (_, auth) => {
    const { sandbox } = await start();
    const reply = await createSandboxClient(sandbox.url, auth).get('/v1/catalog');
    expect(reply.status).toBe(401);
    expect(reply.json()['error']).toBe('unauthorized');
  });

  it('gives no token for a wrong secret, another grant or a broken body', async () => {
    const { client } = await start();
    expect((await client.post('/oauth/token', { ...APPLICATION, client_secret: 'x' })).status).toBe(401);
    expect((await client.post('/oauth/token', { ...APPLICATION, grant_type: 'password' })).status).toBe(400);
    expect((await client.post('/oauth/token', '{"grant_type"')).status).toBe(400);
    expect((await client.get('/oauth/token')).status).toBe(405);
  });
});

describe('lists', () => {
  it.each(['catalog', 'stock', 'prices'] as const)('walks every line of %s exactly once', async (list) => {
    const { client } = await start();
    const ids = (await client.walk(list)).map((row) => row.id);
    expect(ids).toHaveLength(95);
    expect(new Set(ids).size).toBe(95);
    expect(ids.slice(0, 4)).toEqual(['000001', '000002', '000003', '000004G']);
  });

  it('is empty behind the last page and says which page it is', async () => {
    const { client } = await start();
    const body = (await client.get('/v1/stock?page=11')).json();
    expect(body.data).toEqual([]);
    expect(body.meta).toMatchObject({ page: 11, total_pages: 10, total: 95 });
  });

  it.each(['page=0', 'page=x', 'page=1.5', 'page_size=11', 'page_size=-1', 'changed_since=yesterday', 'as_of=x'])(
    'answers 400 to ?%s',
    async (query) => {
      const { client } = await start();
      const reply = await client.get(`/v1/catalog?${query}`);
      expect(reply.status).toBe(400);
      expect(reply.json()['message']).toBeTypeOf('string');
    },
  );

  it('answers 404 to what is not there and 405 to a wrong method', async () => {
    const { client } = await start();
    expect((await client.get('/v1/orders')).status).toBe(404);
    expect((await client.post('/v1/catalog', {})).status).toBe(405);
    expect((await client.get('/v1/stock/by-ids')).status).toBe(405);
  });

  it('leaves out a removed part, and brings it back stamped as changed', async () => {
    const clock = createHandClock();
    const { sandbox, client } = await start({ clock });
    clock.turn(1_000);
    sandbox.control.setRemoved('000002', true);
    expect(await idsOf(client.walk('catalog'))).not.toContain('000002');
    expect((await client.post('/v1/stock/by-ids', { ids: ['000002'] })).json().not_found).toEqual(['000002']);
    sandbox.control.setRemoved('000002', false);
    expect(await idsOf(client.walk('catalog', `&changed_since=${isoTime(clock)}`))).toEqual(['000002']);
  });
});

describe('deltas', () => {
  it('hold what changed at or after the moment asked for, oldest first', async () => {
    const clock = createHandClock();
    const { sandbox, client } = await start({ clock });
    expect(await client.walk('stock', `&changed_since=${isoTime(clock)}`)).toHaveLength(95);
    clock.turn(1_000);
    expect(await client.walk('stock', `&changed_since=${isoTime(clock)}`)).toEqual([]);
    sandbox.control.setStock('000009', 'LDS', '25+');
    clock.turn(1);
    sandbox.control.setStock('000003', 'BHM', -3);
    const rows = await client.walk('stock', `&changed_since=${isoTime(clock, -1)}`);
    expect(rows.map((row) => row.id)).toEqual(['000009', '000003']);
    expect(levelOf(rows[0], 'LDS')).toBe('25+');
    expect(levelOf(rows[1], 'BHM')).toBe(-3);
    expect(await idsOf(client.walk('stock', `&changed_since=${isoTime(clock)}`))).toEqual(['000003']);
  });

  it('skip no row and repeat none while rows change between their pages', async () => {
    const clock = createHandClock();
    const { sandbox, client } = await start({ clock });
    const since = isoTime(clock);
    const first = (await client.get(`/v1/stock?changed_since=${since}`)).json();
    const ids = first.data.map((row) => row.id);
    for (let page = 2; page <= first.meta.total_pages; page += 1) {
      clock.turn(10);
      for (const id of ['000001', '000005', '000050']) sandbox.control.setStock(id, 'BHM', page);
      const reply = await client.get(`/v1/stock?page=${page}&changed_since=${since}&as_of=${first.meta.as_of}`);
      ids.push(...reply.json().data.map((row) => row.id));
    }
    expect(ids).toHaveLength(95);
    expect(new Set(ids).size).toBe(95);
  });

  it('are gone, with 410, once twenty later ones were begun', async () => {
    const clock = createHandClock();
    const { client } = await start({ clock });
    const since = isoTime(clock);
    const { as_of } = (await client.get(`/v1/stock?changed_since=${since}`)).json().meta;
    const secondPage = `/v1/stock?page=2&changed_since=${since}&as_of=${as_of}`;
    expect((await client.get(secondPage)).status).toBe(200);
    for (let begun = 0; begun < 20; begun += 1) await client.get(`/v1/stock?changed_since=${since}`);
    expect((await client.get(secondPage)).status).toBe(410);
  });

  it('stamp every change of a row later than the one before, even while the clock stands', async () => {
    const { sandbox, client } = await start({ clock: createHandClock() });
    const stamps: string[] = [];
    for (const quantity of [1, 2, 3]) {
      sandbox.control.setStock('000001', 'BHM', quantity);
      stamps.push((await client.post('/v1/stock/by-ids', { ids: ['000001'] })).json().data[0]?.updated_at ?? '');
    }
    expect([...new Set(stamps)].sort()).toEqual(stamps);
  });
});

describe('stock by ids', () => {
  it('answers each id as a row or as not found, once', async () => {
    const { client } = await start();
    const body = (await client.post('/v1/stock/by-ids', { ids: ['000004G', '4', '000004G', '000001'] })).json();
    expect(body.data.map((row) => row.id)).toEqual(['000004G', '000001']);
    expect(body.not_found).toEqual(['4']);
  });

  it('answers 400 to too many ids, to ids that are no text, and to a broken body', async () => {
    const { client } = await start({ bulkKeys: 3 });
    const tooMany = await client.post('/v1/stock/by-ids', { ids: ['1', '2', '3', '4'] });
    expect([tooMany.status, tooMany.json()['error']]).toEqual([400, 'too_many_ids']);
    expect((await client.post('/v1/stock/by-ids', { ids: [1] })).status).toBe(400);
    expect((await client.post('/v1/stock/by-ids', '{"ids"')).status).toBe(400);
    expect((await client.post('/v1/stock/by-ids', `{"ids":["${'9'.repeat(1_100_000)}"]}`)).status).toBe(413);
  });
});

describe('behind its back', () => {
  it('moves stock by the seed, prices and lines by hand, and starts anew on reset', async () => {
    const clock = createHandClock();
    const { sandbox, client } = await start({ clock });
    const { data: before } = (await client.get('/v1/stock?page_size=10')).json();
    clock.turn(5_000);
    expect((await client.post('/_sandbox/stock/move', { count: 50 })).status).toBe(200);
    expect((await client.walk('stock', `&changed_since=${isoTime(clock)}`)).length).toBeGreaterThan(3);
    await client.post('/_sandbox/prices', { id: '000001', cost: '99.00' });
    expect((await client.walk('prices', `&changed_since=${isoTime(clock)}`))[0]?.['cost']).toBe('99.00');
    await client.post('/_sandbox/catalog', { id: '000001', title: 'NEW NAME' });
    expect((await client.walk('catalog', `&changed_since=${isoTime(clock)}`))[0]?.['title']).toBe('NEW NAME');
    await client.post('/_sandbox/reset', {});
    const { data: after } = (await client.get('/v1/stock?page_size=10')).json();
    expect(after.map((row) => row['levels'])).toEqual(before.map((row) => row['levels']));
    expect(after[0]?.updated_at).toBe(isoTime(clock));
    expect(sandbox.verdict().arrivals).toBe(1);
  });

  it('keeps the latest calls, without secrets', async () => {
    const { client } = await start();
    await client.get('/v1/stock?page=2');
    await client.post('/oauth/token', APPLICATION);
    const reply = await client.get('/_sandbox/requests?limit=2');
    expect(reply.json().data).toMatchObject([
      { method: 'POST', path: '/oauth/token', callClass: 'token', credential: 'sandbox', status: 200 },
      { method: 'GET', path: '/v1/stock?page=2', callClass: 'stock', credential: 'sandbox', status: 200 },
    ]);
    expect(reply.text).not.toMatch(/sandbox-(?:key|secret)/);
  });

  it.each([
    ['/_sandbox/stock', { id: 'none', location: 'BHM', quantity: 1 }],
    ['/_sandbox/stock', { id: '000001', location: 'XXX', quantity: 1 }],
    ['/_sandbox/stock/move', { count: 'many' }],
    ['/_sandbox/faults', { kind: 'gremlins' }],
    ['/_sandbox/faults', { kind: 'slow', often: true }],
    ['/_sandbox/prices', { id: '000001', price: '1' }],
    ['/_sandbox/catalog', '[1]'],
  ])('answers 400 in a sentence to %s %j', async (path, body) => {
    const { client } = await start();
    const reply = await client.post(path, body);
    expect(reply.status).toBe(400);
    expect(reply.json()['message']).toBeTypeOf('string');
  });

  it('moves by itself where asked to', async () => {
    const { client } = await start({ movesPerSecond: 1_000 });
    const since = (await client.get('/v1/stock')).json().data[0]?.updated_at ?? '';
    const later = new Date(Date.parse(since) + 1).toISOString();
    await expect.poll(async () => (await client.walk('stock', `&changed_since=${later}`)).length).toBeGreaterThan(0);
  });
});

describe('starting and stopping', () => {
  it('says in a sentence that a port is taken or an option out of range', async () => {
    const { sandbox } = await start();
    const port = Number(new URL(sandbox.url).port);
    await expect(startSandbox({ port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: choose another port`);
    await expect(startSandbox({ parts: 0 })).rejects.toThrow('parts must be from 1 to 1000000');
  });

  it('stops while an answer is kept back', async () => {
    const { sandbox, client } = await start();
    sandbox.control.addFault({ kind: 'slow', delayMs: 600_000 });
    const kept = client.get('/v1/stock').catch(() => 'broken off');
    await expect.poll(() => sandbox.verdict().arrivals).toBe(1);
    await sandbox.stop();
    started.length = 0;
    expect(await kept).toBe('broken off');
  });
});

async function idsOf(rows: Promise<Row[]>): Promise<string[]> {
  return (await rows).map((row) => row.id);
}

function isoTime(clock: { now(): number }, offsetMs = 0): string {
  return new Date(clock.now() + offsetMs).toISOString();
}

function levelOf(row: Row | undefined, location: string): unknown {
  const levels = row?.['levels'] as readonly { readonly location: string; readonly quantity: unknown }[];
  return levels.find((level) => level.location === location)?.quantity;
}
