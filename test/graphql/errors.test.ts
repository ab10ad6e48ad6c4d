import { GraphQLError } from 'graphql';
import { createClient } from 'graphql-ws';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/domain/clock.ts';
import { GatewayError } from '../../src/domain/gateway-error.ts';
import { createErrorFormat } from '../../src/graphql/errors.ts';
import { everyResult, startGateway } from './running-gateway.ts';

/** What must never leave: statements, names of tables, files, stacks. */
const INSIDE = /select|no such table|sqlite|\.ts|\/|node_modules|at .*\(/i;

it('a failure of ours is told by an id alone, on both transports, and is found in the log by it', async () => {
  const gateway = await startGateway();
  const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    await gateway.db.knex.schema.dropTable('offers');
    const query = '{ parts { nodes { id } } suppliers { name } }';
    const overHttp = (await gateway.ask(query)).errors;
    const [overSocket] = await everyResult(client.iterate({ query }));
    for (const errors of [overHttp, overSocket?.errors ?? []]) {
      expect(errors).toHaveLength(1);
      const { message, extensions } = errors[0] as { message: string; extensions: { code: string; errorId: string } };
      expect(message).toBe(
        `Something failed on our side. Try again; if it stays, report the id ${extensions.errorId}.`,
      );
      expect(extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) as string });
      expect(JSON.stringify(errors)).not.toMatch(INSIDE);
      const line = gateway
        .logged()
        .split('\n')
        .find((each) => each.includes(extensions.errorId));
      expect(line).toContain('no such table');
      expect(line).toContain('"stack"');
    }
  } finally {
    await client.dispose();
    await gateway.close();
  }
});

it('a subscription whose source fails ends with an id alone', async () => {
  const gateway = await startGateway();
  const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    await gateway.db.knex.schema.dropTable('refresh_job_lines').catch(() => undefined);
    await gateway.db.knex.schema.dropTable('refresh_jobs');
    const results = client.iterate({ query: 'subscription { refreshJobUpdated(id: "job_x") { id } }' });
    const [result] = await everyResult(results);
    expect(result?.errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(JSON.stringify(result)).not.toMatch(INSIDE);
  } finally {
    await client.dispose();
    await gateway.close();
  }
});

describe('an error as clients see it', () => {
  const lines: string[] = [];
  const format = createErrorFormat({
    log: pino({}, { write: (line) => void lines.push(line) }),
    clock: { ...systemClock, now: () => 1_000_000 },
    newId: () => 'an-id',
  });
  const thrown = (originalError: Error) =>
    new GraphQLError(originalError.message, { originalError, path: ['part', 'availability'] });

  it('keeps the words and the code of ours, and says when to come back', () => {
    const error = new GatewayError('UPSTREAM_UNAVAILABLE', 'acme rests.', { retryAt: 1_005_000 });
    expect(format(thrown(error))).toEqual({
      message: 'acme rests.',
      path: ['part', 'availability'],
      extensions: { code: 'UPSTREAM_UNAVAILABLE', retryAfterMs: 5_000 },
    });
    expect(format(thrown(new GatewayError('STORE_UNAVAILABLE', 'Later.', { retryAt: 1 })))).toMatchObject({
      extensions: { retryAfterMs: 0 },
    });
  });

  it.each([
    new GatewayError('CONFIG_INVALID', 'mysql://root:secret@10.0.0.7/'),
    new Error('secret'),
    new TypeError('Cannot read secret'),
    Object.assign(new Error('secret'), { extensions: { code: 'BAD_USER_INPUT', secret: 'secret' } }),
  ])('hides what is not for them: %s', (error) => {
    expect(JSON.stringify(format(thrown(error)))).not.toContain('secret');
    expect(format(thrown(error)).extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', errorId: 'an-id' });
    expect(lines.at(-1)).toContain('secret');
  });

  it('hides what is no error at all', () => {
    expect(format('secret')).toMatchObject({ extensions: { code: 'INTERNAL_SERVER_ERROR' } });
  });
});

it('a wrong variable that shows only when the query runs is the client’s mistake', async () => {
  const gateway = await startGateway();
  try {
    const query = 'query ($first: Int) { parts(first: $first) { nodes { id } } }';
    const { errors } = await gateway.ask(query, { first: null });
    expect(errors).toMatchObject([
      { message: 'Argument "first" of non-null type "Int!" must not be null.', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  } finally {
    await gateway.close();
  }
});
