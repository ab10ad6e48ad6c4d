import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { logOptions } from '../../src/log.ts';
import { openDatabase } from '../../src/store/database.ts';

function logged(data: Record<string, unknown>): string {
  let line = '';
  pino(logOptions('info'), { write: (text) => void (line += text) }).info(data, 'a message');
  return line;
}

describe('the log', () => {
  it('is one JSON object a line, in the Elastic Common Schema', () => {
    const line = JSON.parse(logged({ supplier: 'acme' })) as Record<string, unknown>;
    expect(line).toMatchObject({ message: 'a message', supplier: 'acme', 'log.level': 'info' });
    expect(line['ecs.version']).toBeDefined();
  });

  it('keeps secrets to itself, also inside what is handed to it', () => {
    const line = logged({
      token: 's3cret',
      headers: { authorization: 's3cret' },
      supplier: { login: { clientSecret: 's3cret' } },
    });
    expect(line).not.toContain('s3cret');
    expect(line).toContain('[secret]');
  });

  it('tells of a failed statement where and why, and none of its values', async () => {
    const db = openDatabase({ url: 'sqlite::memory:' });
    const error: unknown = await db
      .knex('no_such_table')
      .insert({ price: '143.25' })
      .catch((thrown: unknown) => thrown);
    await db.close();
    const line = logged({ err: error });
    expect(line).not.toContain('143.25');
    expect(line).toMatch(/SQLITE_ERROR.*libsql-client/);
  });

  it('tells any other error whole', () => {
    expect(logged({ err: new Error('what went wrong') })).toContain('what went wrong');
  });
});
