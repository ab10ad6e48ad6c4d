import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { margin } from '../../src/outbound/credentials.ts';
import { CallFailed, type SupplierConnection } from '../../src/outbound/supplier-call.ts';
import { openToken, sealToken } from '../../src/outbound/token-seal.ts';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { memoryTokenShelf } from '../../src/redis/token-shelf-memory.ts';
import { redisTokenShelf, type TokenShelf } from '../../src/redis/token-shelf.ts';
import { connectionTo } from './connections.ts';
import { gateUnderTest, soon, type GateUnderTest } from './gate-under-test.ts';
import { redisUnderTest } from './redis-under-test.ts';
import { answerJson, startSupplierDouble, type SupplierDouble } from './supplier-double.ts';

const steady = (): number => performance.timeOrigin + performance.now();
const budgetLog = memoryBudgetLog(steady);
let shelf: TokenShelf;
let double: SupplierDouble;
let gates: GateUnderTest[];
let connection: SupplierConnection;
/** Tokens that the supplier gave and still takes. */
let valid: Set<string>;
let tokenAnswer: (token: string) => unknown;

const tokenCalls = () => double.seen.filter(({ url }) => url === '/token').length;
const reads = () => double.seen.filter(({ url }) => url === '/items').length;
const read = (gate = gates[0]) =>
  (gate?.gate.callFor(connection, soon()) ?? (() => Promise.reject(new Error('no gate'))))({
    callClass: 'read',
    method: 'GET',
    path: 'items',
    expects: 'json',
  });

beforeEach(async () => {
  valid = new Set();
  tokenAnswer = (token) => ({ access_token: token, expires_in: '3600', token_type: 'Bearer' });
  double = await startSupplierDouble(async (request, response) => {
    if (request.url !== '/token') {
      const isKnown = valid.has(request.headers.authorization?.replace('Bearer ', '') ?? '');
      return answerJson({}, isKnown ? 200 : 401)(request, response);
    }
    const token = `canary-token-${tokenCalls()}`;
    valid.add(token);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return answerJson(tokenAnswer(token))(request, response);
  });
  shelf = memoryTokenShelf(steady);
  gates = [await gateUnderTest({ shelf, budgetLog }), await gateUnderTest({ shelf, budgetLog })];
  connection = connectionTo(double.url, {
    authentication: {
      kind: 'clientCredentials',
      tokenPath: 'token',
      callClass: 'token',
      sentAs: 'json',
      clientId: () => 'id',
      clientSecret: () => 'canary-client-secret',
    },
  });
});
afterEach(async () => {
  for (const gate of gates) await gate.close();
  await double.close();
});

describe('an access token', () => {
  it('is fetched once for many callers of several processes, through the budget', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, index) => read(gates[index % 2])));
    expect(tokenCalls()).toBe(1);
    expect(reads()).toBe(40);
    expect(JSON.parse(double.seen[0]?.body ?? '')).toEqual({
      grant_type: 'client_credentials',
      client_id: 'id',
      client_secret: 'canary-client-secret',
    });
    for (const gate of gates) await gate.gate.drain();
    const rows = await Promise.all(
      gates.map(({ db }) => db.knex('supplier_calls').where({ call_class: 'token' }).select()),
    );
    expect(rows.flat()).toHaveLength(1);
  });

  it('can be asked for by a form', async () => {
    connection = {
      ...connection,
      authentication: { ...connection.authentication, sentAs: 'form' } as SupplierConnection['authentication'],
    };
    await read();
    expect(double.seen[0]?.body).toBe('grant_type=client_credentials&client_id=id&client_secret=canary-client-secret');
    expect(double.seen[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it('is renewed once after a 401, for all callers together', async () => {
    await read();
    valid.clear();
    await Promise.all(Array.from({ length: 20 }, (_, index) => read(gates[index % 2])));
    expect(tokenCalls()).toBe(2);
  });

  it('is not renewed for ever: a second 401 is a refusal, and refusals cost no tokens', async () => {
    tokenAnswer = (token) => {
      valid.delete(token);
      return { access_token: token };
    };
    for (let index = 0; index < 5; index += 1) await expect(read()).rejects.toMatchObject({ failure: 'refused' });
    expect(tokenCalls()).toBe(2);
  });

  it('that is not given is a refusal, remembered for a while', async () => {
    double.respond = answerJson({ error: 'invalid_client' }, 400);
    const failures = await Promise.all(
      Array.from({ length: 10 }, () => read().catch((error: unknown) => error as CallFailed)),
    );
    expect(failures.map((failed) => failed instanceof CallFailed && failed.failure)).toEqual(Array(10).fill('refused'));
    expect(tokenCalls()).toBe(1);
    expect((failures[0] as CallFailed).message).toContain('Check the client id and secret of account main');
  });

  it.each([{}, { access_token: '' }, { access_token: 7 }, { access_token: 'a\r\nx: b' }, [], null])(
    'that cannot be used is broken: %j',
    async (answer) => {
      tokenAnswer = () => answer;
      await expect(read()).rejects.toMatchObject({ failure: 'broken' });
    },
  );

  it('appears in no log, no error and not openly on the shelf', async () => {
    await read();
    const sealed = await shelf.read('{double}:main');
    expect(sealed).not.toBeNull();
    expect(Buffer.from(sealed ?? '', 'base64').toString('latin1')).not.toContain('canary');
    expect(gates.map((gate) => gate.logged()).join('')).not.toContain('canary');
  });

  it('stops being used before its end', () => {
    expect(margin(3_600_000)).toBe(360_000);
    expect(margin(300_000)).toBe(60_000);
    expect(margin(60_000)).toBe(30_000);
  });

  it('opens with its own secret alone', () => {
    const sealed = sealToken('token', 'secret');
    expect(openToken(sealed, 'secret')).toBe('token');
    expect(openToken(sealed, 'rotated')).toBeNull();
    expect(openToken('damaged', 'secret')).toBeNull();
  });

  it('sealed with a secret that was rotated makes way for a new one', async () => {
    await shelf.put('{double}:main', sealToken('old', 'old secret'), 60_000);
    await read();
    expect(tokenCalls()).toBe(1);
  });
});

describe.each([
  ['in memory', async () => ({ shelf: memoryTokenShelf(steady), close: async () => undefined })],
  [
    'in Redis',
    async () => {
      const redis = await redisUnderTest('shelf');
      return { shelf: redisTokenShelf(redis.client, redis.prefix), close: () => redis.close() };
    },
  ],
])('token shelf %s', (_name, make) => {
  it('keeps, forgets, and lets one at a time', async () => {
    const { shelf, close } = await make();
    await shelf.put('a', 'one', 60_000);
    expect(await shelf.read('a')).toBe('one');
    await shelf.drop('a', 'another');
    expect(await shelf.read('a')).toBe('one');
    await shelf.drop('a', 'one');
    expect(await shelf.read('a')).toBeNull();
    await shelf.put('b', 'short', 30);
    expect(await shelf.claim('a', 'me', 60_000)).toBe(true);
    expect(await shelf.claim('a', 'you', 60_000)).toBe(false);
    await shelf.release('a', 'you');
    expect(await shelf.claim('a', 'you', 60_000)).toBe(false);
    await shelf.release('a', 'me');
    expect(await shelf.claim('a', 'you', 30)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await shelf.claim('a', 'me', 60_000)).toBe(true);
    expect(await shelf.read('b')).toBeNull();
    await close();
  });
});
