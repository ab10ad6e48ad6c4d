import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'gateway-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: unknown): string {
  const path = join(folder, `${Math.random()}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function faultsOf(content: unknown, environment: NodeJS.ProcessEnv = {}): string[] {
  try {
    loadConfig({ file: file(content), environment });
  } catch (error) {
    return (error as Error).message.split('\n').slice(1);
  }
  return [];
}

const turn14 = { connector: 'turn14', credentials: { clientId: { env: 'T_ID' }, clientSecret: { env: 'T_SECRET' } } };
const secrets = { T_ID: 'id', T_SECRET: 'top-secret' };

describe('the configuration', () => {
  it('is complete without a file', () => {
    const config = loadConfig({ environment: {} });
    expect(config).toMatchObject({
      http: { port: 4000 },
      database: { url: 'sqlite:data/gateway.db' },
      redis: null,
      suppliers: [],
    });
  });

  it('joins a connector with what the file changes of it', () => {
    const config = loadConfig({
      file: file({ suppliers: { t14: { ...turn14, share: 0.5, freshForSeconds: 60 } } }),
      environment: secrets,
    });
    const [supplier] = config.suppliers;
    expect(supplier).toMatchObject({ id: 't14', account: 'main', baseUrl: 'https://api.turn14.com/v1/' });
    expect(supplier?.profile).toMatchObject({ share: 0.5, freshForSeconds: 60, bulkStockKeys: 250 });
    expect(supplier?.credential('clientSecret')).toBe('top-secret');
  });

  it('lets the environment win over the file', () => {
    const path = file({ http: { port: 1 }, database: { url: 'sqlite:a' }, redis: { url: 'redis://a' } });
    const environment = { PORT: '2', MYSQL_URL: 'mysql://b/c', REDIS_URL: 'redis://b' };
    expect(loadConfig({ file: path, environment })).toMatchObject({
      http: { port: 2 },
      database: { url: 'mysql://b/c' },
      redis: { url: 'redis://b' },
    });
  });

  it('reads a rotated secret anew', () => {
    const secret = file('first\n');
    const credentials = { ...turn14.credentials, clientSecret: { file: secret } };
    const config = loadConfig({ file: file({ suppliers: { t14: { ...turn14, credentials } } }), environment: secrets });
    expect(config.suppliers[0]?.credential('clientSecret')).toBe('first');
    writeFileSync(secret, 'second\n');
    expect(config.suppliers[0]?.credential('clientSecret')).toBe('second');
  });

  it('says every fault at once, each with its place and what was expected', () => {
    const faults = faultsOf(
      {
        suppliers: {
          'Not An Id': { connector: 'nobody', credentials: {} },
          t14: {
            connector: 'turn14',
            baseUrl: 'ftp://x',
            credentials: { clientId: { env: 'T_ID' }, apiKey: { env: 'X' } },
          },
        },
      },
      { PORT: 'http', REDIS_URL: 'localhost', MYSQL_URL: 'postgres://x', LOG_LEVEL: 'loud', T_ID: '' },
    );
    for (const part of [
      "suppliers.Not An Id: a supplier's id is",
      'suppliers.Not An Id.connector is "nobody"; known are sandbox, turn14',
      'suppliers.t14.baseUrl must be an http or https URL',
      'suppliers.t14.credentials.apiKey is not one of clientId, clientSecret',
      'suppliers.t14.credentials.clientId: the environment variable T_ID is not set',
      'suppliers.t14.credentials.clientSecret is missing',
      'PORT must be a whole number',
      'REDIS_URL does not look like redis://',
      'MYSQL_URL does not look like mysql://',
      'LOG_LEVEL must be one of',
    ])
      expect(
        faults.filter((fault) => fault.includes(part)),
        part,
      ).toHaveLength(1);
  });

  it('names an unknown field and a value out of bounds, all of them', () => {
    const faults = faultsOf({ htp: {}, suppliers: { t14: { ...turn14, share: 5, freshForSeconds: 0 } } }, secrets);
    expect(faults).toHaveLength(3);
    expect(faults.join()).toMatch(
      /unknown field "htp".*suppliers\.t14\.share must be <= 1.*freshForSeconds must be > 0/s,
    );
  });

  it('says what is wrong with a file that is none', () => {
    expect(faultsOf('{ "http": ')[0]).toMatch(/is not JSON/);
    expect(() => loadConfig({ file: join(folder, 'missing.json'), environment: {} })).toThrow(/cannot be read/);
  });

  it('never repeats a secret', () => {
    const faults = faultsOf(
      { suppliers: { t14: { ...turn14, share: 5 } } },
      { ...secrets, MYSQL_URL: 'mysqll://user:hunter2@x/y' },
    );
    expect(faults.join()).not.toMatch(/hunter2|top-secret/);
  });
});
