import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';

const README = new URL('../../README.md', import.meta.url);
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

function calls(...counts: string[]): object {
  return { name: 'calls', scope: 'credential', counts, windows: [{ limit: 5, windowMs: 1_000 }], source: 'a test' };
}

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

  it('takes every example of the README', () => {
    const examples = [...readFileSync(README, 'utf8').matchAll(/```json\n(.*?)```/gs)].map(
      ([, text]) => JSON.parse(text ?? '') as { suppliers?: unknown },
    );
    const secret = file('secret');
    const inPlace = JSON.stringify(
      examples.map((part) => (part.suppliers ? part : { suppliers: { t14: { ...turn14, ...part } } })),
    ).replaceAll('/run/secrets/turn14', secret);
    const faults = (JSON.parse(inPlace) as unknown[]).flatMap((one) =>
      faultsOf(one, { ...secrets, TURN14_CLIENT_ID: 'x' }),
    );
    expect(examples.length).toBeGreaterThan(2);
    expect(faults).toEqual([]);
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

  it('lets callers without a name see what a shop shows, and more only where it is said', () => {
    expect(loadConfig({ environment: {} }).access.anonymous).toEqual(['storefront']);
    const both = ['storefront', 'internal'] as const;
    expect(loadConfig({ environment: {}, defaults: { anonymous: both } }).access.anonymous).toEqual(both);
    const said = file({ access: { anonymous: ['storefront'] } });
    const config = loadConfig({ file: said, environment: {}, defaults: { anonymous: both } });
    expect(config.access.anonymous).toEqual(['storefront']);
    expect(faultsOf({ access: { anonymous: ['admin'] } }).join()).toContain('access.anonymous.0 must be one of');
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
      'suppliers.Not An Id.connector: There is no connector "nobody". Known are: sandbox, turn14.',
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

  it('says the faults of every supplier beside a fault of the file and one of another supplier', () => {
    const faults = faultsOf(
      {
        http: { port: 'http' },
        database: { url: 'postgres://x' },
        suppliers: {
          one: { ...turn14, share: 5, baseUrl: 'ftp://x' },
          two: { connector: 'turn14', credentials: { clientId: { env: 'NOT_SET' }, clientSecret: { value: 'x' } } },
          three: { credentials: {} },
          four: 4,
        },
      },
      secrets,
    );
    for (const part of [
      'http.port must be integer',
      'MYSQL_URL does not look like',
      'suppliers.one.share must be <= 1',
      'suppliers.one.baseUrl must be an http or https URL',
      'suppliers.two.credentials.clientId: the environment variable NOT_SET is not set',
      'suppliers.two.credentials.clientSecret must be {"env": "NAME"} or {"file": "/path"}',
      'suppliers.three lacks "connector"',
      'suppliers.four must be object',
    ])
      expect(
        faults.filter((fault) => fault.includes(part)),
        part,
      ).toHaveLength(1);
    expect(faults).toHaveLength(8);
  });

  it('says one sentence of a value that may be of two kinds', () => {
    const schedules = { stock: { fullEverySeconds: 60, incrementalEverySeconds: 'often', overlapSeconds: 0 } };
    const limits = [{ ...calls('read', 'quote', 'token'), counts: 'none' }];
    const faults = faultsOf({ suppliers: { t14: { ...turn14, schedules, limits } } }, secrets);
    expect(faults).toHaveLength(2);
    expect(faults.join()).toMatch(/limits\.0\.counts must be "all" or a list of call classes/);
    expect(faults.join()).toMatch(/schedules\.stock\.incrementalEverySeconds must be number,null/);
  });

  it.each(['constructor', '__proto__', 'toString'])('knows no connector "%s"', (connector) => {
    expect(faultsOf({ suppliers: { x: { connector, credentials: {} } } })).toEqual([
      `  - suppliers.x.connector: There is no connector "${connector}". Known are: sandbox, turn14.`,
    ]);
  });

  it('takes an empty variable for one that is not set', () => {
    const empty = ['HOST', 'PORT', 'GATEWAY_CONFIG', 'REDIS_URL', 'MYSQL_URL', 'LOG_LEVEL'];
    const environment = Object.fromEntries(empty.map((name) => [name, '']));
    expect(loadConfig({ environment })).toEqual(loadConfig({ environment: {} }));
  });

  it.each([
    ['mysql://gateway:p%@db/parts', /MYSQL_URL: percent-encode the password/],
    ['mysql://gateway:p%zz@db/parts', /MYSQL_URL: percent-encode the password/],
    ['mysql://db:port/parts', /MYSQL_URL does not look like/],
  ])('asks for %s to be written as a URL', (MYSQL_URL, fault) => {
    expect(() => loadConfig({ environment: { MYSQL_URL } })).toThrow(fault);
  });

  it('wants stock to expire no sooner than it is stale', () => {
    const faults = faultsOf(
      { suppliers: { t14: { ...turn14, freshForSeconds: 600, expireAfterSeconds: 60 } } },
      secrets,
    );
    expect(faults).toEqual(['  - suppliers.t14: expireAfterSeconds (60) must not be less than freshForSeconds (600)']);
    expect(faultsOf({ suppliers: { t14: { ...turn14, expireAfterSeconds: 60 } } }, secrets)).toHaveLength(1);
  });

  it('lets the pages of a run be more', () => {
    const path = file({ suppliers: { t14: { ...turn14, maxPagesPerRun: 9_000 } } });
    expect(loadConfig({ file: path, environment: secrets }).suppliers[0]?.profile.maxPagesPerRun).toBe(9_000);
  });

  describe('with limits of its own', () => {
    const limitFaults = (...limits: unknown[]): string =>
      faultsOf({ suppliers: { t14: { ...turn14, limits } } }, secrets).join('\n');

    it('takes those that count every call', () => {
      expect(limitFaults({ ...calls(), counts: 'all' })).toBe('');
      expect(limitFaults(calls('read', 'quote', 'token'))).toBe('');
    });

    it('leaves no call without a limit', () => {
      expect(limitFaults(calls('read', 'token'))).toMatch(
        /suppliers\.t14\.limits leaves the call class "quote" without a limit; the connector uses quote, read, token/,
      );
    });

    it('counts no call that the connector never makes', () => {
      expect(limitFaults(calls('reads', 'quote', 'token'))).toMatch(
        /limits counts "reads", which is no call class of the connector; these are quote, read, token\n.*"read" without/,
      );
    });

    it('has each name once', () => {
      expect(limitFaults(calls('read'), calls('quote', 'token'))).toMatch(/two limits named "calls"/);
    });
  });

  describe('with two suppliers', () => {
    const twin = { ...turn14, credentials: { ...turn14.credentials, clientId: { env: 'OTHER_ID' } } };
    const twins = (other: object, OTHER_ID: string): string[] =>
      faultsOf({ suppliers: { a: turn14, b: { ...twin, ...other } } }, { ...secrets, T_ID: 'the-id', OTHER_ID });

    it('refuses one credential for both, as each would have a budget of its own', () => {
      const faults = twins({ account: 'other', baseUrl: 'https://api.turn14.com/v2' }, 'the-id');
      expect(faults).toEqual(['  - suppliers.a and suppliers.b use the same credential of one supplier: make it one']);
    });

    it('takes two accounts, and one account at two addresses', () => {
      expect(twins({}, 'another-id')).toEqual([]);
      expect(twins({ baseUrl: 'https://sandbox.turn14.com/v1' }, 'the-id')).toEqual([]);
    });

    it('keeps the name under which an address is counted', () => {
      expect(twins({ account: 'address' }, 'another-id').join()).toMatch(/suppliers\.b\.account must not be "address"/);
    });
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
