import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { listing, startGateway, stock, type RunningGateway } from './running-gateway.ts';

let gateway: RunningGateway;
let client: Client;

beforeAll(async () => {
  gateway = await startGateway();
  client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
});
afterAll(async () => {
  await client.dispose();
  await gateway.close();
});

interface Refusal {
  message: string;
  extensions: { code: string };
}

const overHttp = async (query: string): Promise<Refusal[]> => {
  const { status, errors } = await gateway.ask(query);
  expect(status).toBe(errors.length > 0 ? 400 : 200);
  return errors as unknown as Refusal[];
};

const overSocket = async (query: string): Promise<Refusal[]> => {
  try {
    for await (const result of client.iterate({ query })) {
      return (result.errors ?? []) as unknown as Refusal[];
    }
    return [];
  } catch (errors) {
    return errors as Refusal[];
  }
};

/** `levels` times two fields, each in an inline fragment where `spread` says so. */
const nested = (levels: number, spread?: '...') => {
  const open = spread ? '{ ... { offers { part ' : '{ offers { part ';
  const close = spread ? ' } } }' : ' } }';
  return `{ part(by: { id: "part_aaaaaaaaaaaaaaaa" }) ${open.repeat(levels)}{ id }${close.repeat(levels)} }`;
};
const aliases = (count: number) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: __typename`).join(' ')} }`;
const doubling = (times: number) =>
  `{ suppliers { ...F0 } } ${Array.from({ length: times }, (_, index) => `fragment F${index} on Supplier { ...F${index + 1} ...F${index + 1} }`).join(' ')} fragment F${times} on Supplier { id name }`;

describe.each([
  ['HTTP', overHttp],
  ['WebSocket', overSocket],
])('over %s', (_name, ask) => {
  it.each([
    ['at the depth allowed', nested(4)],
    ['with the aliases allowed', aliases(30)],
    ['with the length allowed', `{ __typename } #${'x'.repeat(19_900)}`],
    ['with the fields allowed', doubling(9)],
    ['of the whole contract', INTROSPECTION],
  ])('a query %s is answered', async (_what, query) => {
    expect(await ask(query)).toEqual([]);
  });

  it.each([
    ['too deep', nested(5), 'The query is nested too deep: at most 10 levels are taken.'],
    ['too deep through inline fragments', nested(5, '...'), 'too deep'],
    ['with too many aliases', aliases(31), 'The query has too many aliases: at most 30 are taken.'],
    ['too long', `{ __typename } #${'x'.repeat(20_000)}`, 'The query is longer than 20000 bytes.'],
    ['too long in bytes', `{ __typename } #${'é'.repeat(10_000)}`, 'The query is longer than 20000 bytes.'],
    ['of too many fields', doubling(10), 'The query asks for too many fields: at most 2000 are taken.'],
    ['that doubles seventy times', doubling(70), 'The query asks for too many fields'],
    [
      'that spreads in a circle',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      'Cannot spread fragment',
    ],
    [
      'of a contract in a contract',
      INTROSPECTION.replace('name', 'fields { type { fields { type { fields { type { name } } } } } }'),
      'introspection',
    ],
  ])('a query %s is refused', async (_what, query, message) => {
    const errors = await ask(query);
    expect(errors.map((error) => error.message)).toContainEqual(expect.stringContaining(message));
    expect(errors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it.each([
    ['of too many words', `{ ${'__typename '.repeat(1_000)} }`, 'more that 1000 tokens'],
    ['nested past any stack', '{a'.repeat(9_000), 'more that 1000 tokens'],
    ['that is not GraphQL', '{ part(', 'Syntax Error'],
  ])('a text %s is not even read', async (_what, query, message) => {
    const errors = await ask(query);
    expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }]);
    expect(errors[0]?.message).toContain(message);
  });

  it('the costliest texts hold the process for less than a moment', async () => {
    const costly = [
      `{ ${'suppliers { id } '.repeat(240)} }`,
      `{ ${'... { suppliers { id } } '.repeat(140)} }`,
      `{ ${Array.from({ length: 110 }, (_, index) => `...F${index}`).join(' ')} } ${Array.from({ length: 110 }, (_, index) => `fragment F${index} on Query { __typename }`).join(' ')}`,
      `{ ${'a: part(by: { id: "x" }) { id } '.repeat(65)} }`,
    ];
    for (const query of costly) {
      const startedAt = performance.now();
      await ask(query);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });
});

const INTROSPECTION = '{ __schema { types { name fields { name type { name ofType { name ofType { name } } } } } } }';

describe('a socket', () => {
  const open = (protocols: string[], path = '/graphql') =>
    new WebSocket(gateway.socketUrl.replace('/graphql', path), protocols);
  const closing = (socket: WebSocket) =>
    new Promise<number>((resolve) => {
      socket.on('error', () => undefined);
      socket.on('close', resolve);
    });
  const opened = async (): Promise<WebSocket> => {
    const socket = open(['graphql-transport-ws']);
    await new Promise((resolve) => socket.once('open', resolve));
    return socket;
  };
  const acknowledged = async (): Promise<WebSocket> => {
    const socket = await opened();
    socket.send('{"type":"connection_init"}');
    await new Promise((resolve) => socket.once('message', resolve));
    return socket;
  };

  it('is closed with 4406 where it speaks another protocol', async () => {
    expect(await closing(open([]))).toBe(4406);
  });

  it('is refused at another path', async () => {
    expect(await closing(open(['graphql-transport-ws'], '/other'))).toBe(1006);
  });

  it('is closed with 4401 where it asks before it says hello', async () => {
    const socket = await opened();
    socket.send('{"id":"1","type":"subscribe","payload":{"query":"{ __typename }"}}');
    expect(await closing(socket)).toBe(4401);
  });

  it('is closed with 4408 where it says nothing', async () => {
    expect(await closing(await opened())).toBe(4408);
  });

  it('is closed with 4400 where it speaks nonsense, and with 4429 where it says hello twice', async () => {
    const nonsense = await acknowledged();
    nonsense.send('nonsense');
    expect(await closing(nonsense)).toBe(4400);
    const twice = await acknowledged();
    twice.send('{"type":"connection_init"}');
    expect(await closing(twice)).toBe(4429);
  });

  it('is closed with 1009 where a message is larger than 64 KiB', async () => {
    const socket = await acknowledged();
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'x'.repeat(65 * 1024) } }));
    expect(await closing(socket)).toBe(1009);
  });

  it('takes 100 operations at a time and refuses the next', async () => {
    const socket = await acknowledged();
    const refusal = new Promise<string>((resolve) => socket.on('message', (data: Buffer) => resolve(data.toString())));
    for (let index = 0; index <= 100; index += 1) {
      const payload = { query: 'subscription { stockChanged { __typename } }' };
      socket.send(JSON.stringify({ id: `s${index}`, type: 'subscribe', payload }));
    }
    const message = JSON.parse(await refusal) as unknown;
    expect(message).toMatchObject({
      id: 's100',
      type: 'error',
      payload: [
        { message: expect.stringContaining('At most 100 operations') as string, extensions: { code: 'BAD_REQUEST' } },
      ],
    });
    socket.close();
  });
});

describe('an answer', () => {
  it('has a bound, however short its query: the rest is refused and the process goes on', async () => {
    for (let part = 0; part < 250; part += 1) {
      const number = String(part);
      await gateway.recorder.record({
        cause: 'SYNC',
        confirmation: 'each',
        observations: [
          listing('acme', number, 'Bound', number),
          listing('globex', number, 'Bound', number),
          stock('acme', number, { A: 1, B: 2, C: 3 }),
        ],
      });
    }
    const by = Array.from({ length: 250 }, (_, part) => ({ brandPart: { brand: 'Bound', partNumber: String(part) } }));
    const inner = 'offers { part { offers { part { offers { part { id } } } } } }';
    const lists = Array.from({ length: 20 }, (_, n) => `a${n}: partsBy(by: $by) { ${inner} }`).join(' ');
    const { data, errors } = await gateway.ask(`query ($by: [PartBy!]!) { ${lists} }`, { by });
    expect(errors[0]?.message).toMatch(/more than 20000 objects: ask for fewer/);
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(JSON.stringify(data).match(/"id"/g)?.length ?? 0).toBeLessThan(20_000);
    const whole = await gateway.ask(
      'query ($by: [PartBy!]!) { partsBy(by: $by) { availability { levels { location } } } }',
      { by },
    );
    expect(whole.errors).toEqual([]);
  });
});
