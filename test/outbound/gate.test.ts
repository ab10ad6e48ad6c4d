import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallFailed, type SupplierConnection, type SupplierRequest } from '../../src/outbound/supplier-call.ts';
import { connectionTo, limitOf, profileWith } from './connections.ts';
import { gateUnderTest, soon, type GateUnderTest } from './gate-under-test.ts';
import { answerJson, startSupplierDouble, type SupplierDouble } from './supplier-double.ts';

let double: SupplierDouble;
let made: GateUnderTest;
let connection: SupplierConnection;

beforeEach(async () => {
  double = await startSupplierDouble();
  made = await gateUnderTest();
  connection = connectionTo(double.url);
});
afterEach(async () => {
  await made.close();
  await double.close();
});

const get = (path: string, more: Partial<SupplierRequest> = {}): SupplierRequest => ({
  callClass: 'read',
  method: 'GET',
  path,
  expects: 'json',
  ...more,
});
const call = (request: SupplierRequest, to = connection) => made.gate.callFor(to, soon())(request);

async function failureOf(work: Promise<unknown>): Promise<CallFailed> {
  const error: unknown = await work.then(
    () => null,
    (failed: unknown) => failed,
  );
  if (!(error instanceof CallFailed)) throw new Error(`A CallFailed was expected, not ${String(error)}.`);
  return error;
}

describe('a call', () => {
  it('goes out with our credentials and comes back parsed, with both clocks', async () => {
    const sentAt = Date.now();
    const answer = await call(get('items/1?a=1', { query: { b: 'x y' } }));
    expect(answer).toMatchObject({ status: 200, body: { ok: true } });
    expect(Math.abs(answer.sentAt - sentAt)).toBeLessThan(2_000);
    expect(Math.abs(answer.sentAtSupplier - sentAt)).toBeLessThan(3_000);
    expect(double.seen[0]).toMatchObject({ method: 'GET', url: '/items/1?a=1&b=x+y' });
    expect(double.seen[0]?.headers['x-api-key']).toBe('canary-secret');
  });

  it('sends JSON and takes a declared status for an answer', async () => {
    double.respond = answerJson({ error: 'no such part' }, 404);
    const answer = await call({ ...get('bulk'), method: 'POST', json: { ids: ['007'] }, alsoAnswers: [404] });
    expect(answer).toMatchObject({ status: 404, body: { error: 'no such part' } });
    expect(double.seen[0]).toMatchObject({ method: 'POST', body: '{"ids":["007"]}' });
  });

  it('has one row in the ledger, open while it is under way', async () => {
    let openRows: unknown[] = [];
    double.respond = async (request, response) => {
      openRows = (await made.db.knex('supplier_calls').select('answered_at_ms')) as unknown[];
      await answerJson({})(request, response);
    };
    await call(get('items'));
    await made.gate.drain();
    expect(openRows).toEqual([{ answered_at_ms: null }]);
    const rows = (await made.db.knex('supplier_calls').select()) as Record<string, unknown>[];
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ supplier: 'double', account: 'main', call_class: 'read', status: 200 });
    expect(Number(rows[0]?.['answered_at_ms'])).toBeGreaterThanOrEqual(Number(rows[0]?.['granted_at_ms']));
  });

  it('is told to the metrics', async () => {
    await call(get('items'));
    expect(made.events).toMatchObject([{ supplier: 'double', callClass: 'read', lane: 'interactive', outcome: 'ok' }]);
  });

  it('is not made when the ledger cannot be written', async () => {
    await made.db.knex.schema.dropTable('supplier_calls');
    expect((await failureOf(call(get('items')))).failure).toBe('budgetUnreachable');
    expect(double.seen).toHaveLength(0);
    expect((await made.budget.usage(connection)).windows[0]?.occupied).toBe(0);
  });
});

describe('an answer that is none', () => {
  it.each([
    ['HTML with 200', 200, 'text/html', '<html>down for maintenance</html>'],
    ['JSON that breaks off', 200, 'application/json', '{"a":'],
    ['an undeclared 404', 404, 'application/json', '{}'],
  ])('%s is broken, and kept', async (_name, status, type, text) => {
    double.respond = (_request, response) => void response.writeHead(status, { 'content-type': type }).end(text);
    const failed = await failureOf(call(get('items?key=private')));
    expect(failed).toMatchObject({ failure: 'broken', raw: text });
    expect(failed.message).not.toContain('private');
    expect(double.seen).toHaveLength(1);
  });

  it('a redirect is not followed', async () => {
    double.respond = (_request, response) => void response.writeHead(302, { location: `${double.url}other` }).end();
    const failed = await failureOf(call(get('items')));
    expect(failed).toMatchObject({ failure: 'broken' });
    expect(failed.message).toContain('redirect');
    expect(double.seen).toHaveLength(1);
  });

  it.each([
    ['plain', (text: string) => Buffer.from(text), {}],
    ['a gzip bomb', (text: string) => gzipSync(text), { 'content-encoding': 'gzip' }],
  ])('too large (%s) is broken off, and counted', async (_name, encode, headers) => {
    const body = encode(`"${'x'.repeat(20_000_000)}"`);
    double.respond = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
    const failed = await failureOf(call(get('items')));
    expect(failed.failure).toBe('broken');
    expect(failed.message).toContain('more than 100000 bytes');
    expect(double.seen).toHaveLength(1);
  });

  it.each([401, 403])('%i is refused, once', async (status) => {
    double.respond = answerJson({}, status);
    expect((await failureOf(call(get('items')))).failure).toBe('refused');
    expect(double.seen).toHaveLength(1);
  });

  it.each([
    'http://127.0.0.1:1/next',
    'https://127.0.0.1/next',
    '//evil.example/next',
    '\\\\evil.example/next',
    'http:\\\\evil.example',
    'http://user:word@127.0.0.1:PORT/next',
    'http://127.0.0.1:PORT@evil.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://2130706433:1/',
    'http://[::1]:PORT/',
    'http://127.0.0.1.evil.example:PORT/',
  ])('a link to %s is not followed', async (link) => {
    const port = new URL(double.url).port;
    const failed = await failureOf(call(get(link.replace('PORT', port))));
    expect(failed.failure).toBe('broken');
    expect(double.seen).toHaveLength(0);
  });

  it('a link on the same origin is followed', async () => {
    await call(get(`${double.url}next?page=2`));
    await call(get('/next?page=3'));
    expect(double.seen.map(({ url }) => url)).toEqual(['/next?page=2', '/next?page=3']);
  });
});

describe('a supplier that wants fewer calls', () => {
  it('is not called by anyone until its Retry-After has passed', async () => {
    double.respond = answerJson({}, 429, { 'retry-after': '1' });
    const failed = await failureOf(call(get('items')));
    expect(failed.failure).toBe('limited');
    expect(failed.retryAt).toBeGreaterThan(Date.now() + 500);
    double.respond = answerJson({});
    const second = await failureOf(made.gate.callFor(connection, { lane: 'checkout', deadline: 0 })(get('items')));
    expect(second.failure).toBe('limited');
    expect(double.seen).toHaveLength(1);
    await call(get('items'));
    expect((double.seen[1]?.at ?? 0) - (double.seen[0]?.at ?? 0)).toBeGreaterThanOrEqual(990);
    expect(made.logged()).toContain('supplier asked for fewer calls');
  });

  it('is spared as soon as its headers say that nothing remains', async () => {
    double.respond = answerJson({}, 200, { ratelimit: '"default";r=0;t=60' });
    await call(get('items'));
    const failed = await failureOf(call(get('items')));
    expect(failed.failure).toBe('limited');
    expect(failed.message).toMatch(/pause of 6[01] s/);
    expect(double.seen).toHaveLength(1);
  });
});

describe('a supplier in trouble', () => {
  it('is asked again after a 502, each time with a permit', async () => {
    double.respond = (request, response) =>
      double.seen.length < 3 ? answerJson({}, 502)(request, response) : answerJson({ ok: 3 })(request, response);
    expect(await call(get('items'))).toMatchObject({ body: { ok: 3 } });
    await made.gate.drain();
    expect(double.seen).toHaveLength(3);
    expect(await made.db.knex('supplier_calls').count({ n: '*' })).toEqual([{ n: 3 }]);
  });

  it('is asked three times at most, and repeats stay a small part of all calls', async () => {
    double.respond = answerJson({}, 500);
    const failures = await Promise.all(Array.from({ length: 4 }, () => failureOf(call(get('items')))));
    expect(failures.map(({ failure }) => failure)).toEqual(Array(4).fill('unreachable'));
    expect(double.seen.length).toBeLessThanOrEqual(4 + 3);
  });

  it('is given a rest after a row of failures', async () => {
    double.respond = answerJson({}, 500);
    for (let index = 0; index < 6; index += 1) await failureOf(call(get('items')));
    const arrived = double.seen.length;
    const failed = await failureOf(call(get('items')));
    expect(failed).toMatchObject({ failure: 'unreachable' });
    expect(failed.retryAt).toBeGreaterThan(Date.now());
    expect(double.seen).toHaveLength(arrived);
  });

  it('keeps its permit when it breaks the connection: what was sent may have arrived', async () => {
    double.respond = (_request, response) => void response.socket?.resetAndDestroy();
    const shy = {
      ...connection,
      profile: profileWith({ limits: [limitOf('second', [{ limit: 1, windowMs: 1_000 }])] }),
    };
    const terms = { lane: 'interactive' as const, deadline: Date.now() + 900 };
    expect((await failureOf(made.gate.callFor(shy, terms)(get('items')))).failure).toMatch(/unreachable|notNow/);
    await made.gate.drain();
    const [window] = (await made.budget.usage(shy)).windows;
    expect(window?.occupied).toBe(1);
    // Hold and window: 0.5 s of age, 2 s of time-out, 0.5 s on the way, 1 s.
    expect((window?.freesAt ?? 0) - Date.now()).toBeGreaterThan(2_000);
    expect(await made.db.knex('supplier_calls').whereNull('answered_at_ms').count({ n: '*' })).toEqual([{ n: 1 }]);
    expect(double.seen).toHaveLength(1);
  });

  it('is not waited for past the time-out, not even in the middle of a body', async () => {
    double.respond = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(drip));
    };
    const quick = { ...connection, profile: profileWith({ callTimeoutMs: 400 }) };
    const startedAt = performance.now();
    expect((await failureOf(call(get('items'), quick))).failure).toBe('timedOut');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(double.seen).toHaveLength(1);
  });

  it('counts a connection that was refused like a call that was answered', async () => {
    await double.close();
    const failed = await failureOf(made.gate.callFor(connection, { lane: 'interactive', deadline: 0 })(get('items')));
    expect(failed.failure).toBe('unreachable');
    await made.gate.drain();
    const rows = (await made.db.knex('supplier_calls').select()) as Record<string, unknown>[];
    expect(rows[0]?.['answered_at_ms']).not.toBeNull();
  });
});

it('puts no secret into errors or logs', async () => {
  double.respond = answerJson({}, 401);
  const failed = await failureOf(call(get('items?token=canary-query')));
  expect(`${failed.message}${made.logged()}`).not.toMatch(/canary/);
});
