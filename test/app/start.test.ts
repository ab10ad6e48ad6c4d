import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { createClient as createRedisClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createTestDatabase, type TestDatabase } from '../sync/test-database.ts';
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const examples = [...README.matchAll(/```graphql\n(.*?)```/gs)].map(([, text]) => text ?? '');
const isSubscription = (text: string): boolean => text.startsWith('subscription');

const STOPS_WITHIN_MS = 15_000;
/** Stock is asked for every 15 seconds, and moves once a second. */
const CHANGE_WITHIN_MS = 60_000;

/** `npm start` without the npm: what it prints and promises, and what the README shows to type next. */
describe.each(['no servers', 'servers'] as const)('npm start with %s', (on) => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-start-'));
  const prefix = `start-${randomUUID()}:`;
  let database: TestDatabase | null = null;
  let gateway: GatewayProcess;
  let url: string;

  beforeAll(async () => {
    if (on === 'servers') database = await createTestDatabase('mysql');
    gateway = start();
    url = (await gateway.printed(/Gateway {3}(http:\S+)\/graphql/))[1] ?? '';
    await gateway.printed(/Ctrl-C stops everything/);
  }, 120_000);
  afterAll(async () => {
    // Not killed: the gateway it started is in a group of its own.
    gateway?.child.kill('SIGTERM');
    await gateway?.ended();
    await database?.remove();
    if (on === 'servers') await forgetKeys(prefix);
    rmSync(folder, { recursive: true, force: true });
  });

  function start(): GatewayProcess {
    const servers = database === null ? {} : { ...serversFor(database), GATEWAY_CONFIG: 'keys.json' };
    return startGatewayProcess([], {
      script: 'src/start.mjs',
      cwd: folder,
      environment: { PORT: '0', LOG_LEVEL: '', ...servers },
    });
  }

  function serversFor({ url: MYSQL_URL }: TestDatabase): NodeJS.ProcessEnv {
    // Only to keep this test's keys apart from those of others.
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ redis: { url: testRedisUrl(), prefix } }));
    return { MYSQL_URL, REDIS_URL: testRedisUrl() };
  }

  it('prints a query that has an answer, for the editor and for another terminal', async () => {
    const pasted = /query editor:\n(.*?)\nor ask/s.exec(gateway.out())?.[1] ?? '';
    const typed = /-d '(.*)'\n/.exec(gateway.out())?.[1]?.replaceAll(`'\\''`, "'") ?? '';
    for (const body of [JSON.stringify({ query: pasted }), typed]) {
      const answer = await post(url, body);
      expect(answer.errors, body).toBeUndefined();
      expect(answer.data['part']?.availability.freshness.status).toBe('FRESH');
    }
  });

  it('keeps its data in the working folder, or on the servers alone', () => {
    expect(existsSync(join(folder, 'data', 'gateway.db'))).toBe(on === 'no servers');
  });

  it('serves the query editor to a browser at the printed address', async () => {
    const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
    expect([page.status, page.url]).toEqual([200, `${url}/ide/`]);
    const script = /src="([^"]+\.js)"/.exec(await page.text())?.[1] ?? 'none';
    expect((await fetch(new URL(script, page.url))).status).toBe(200);
  });

  it('answers what the README asks', async () => {
    const asked = examples.filter((text) => !isSubscription(text));
    expect(asked.map((text) => text.split(/\W/)[0])).toEqual(['', '', 'mutation']);
    for (const query of asked) {
      const { data, errors } = await post(url, JSON.stringify({ query }));
      expect(errors, query).toBeUndefined();
      for (const field of Object.values(data)) expect(field, query).not.toBeNull();
    }
  });

  it('streams what the README subscribes to', async () => {
    const query = examples.find(isSubscription) ?? '';
    const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const late = setTimeout(() => void client.dispose(), CHANGE_WITHIN_MS);
    const { value } = (await client.iterate({ query }).next()) as { value?: { data?: Record<string, unknown> } };
    clearTimeout(late);
    await client.dispose();
    expect(value).toEqual({ data: { stockChanged: expect.objectContaining({ cursor: expect.any(String) }) } });
  }, 180_000);

  it('says at once that it waits for one before it and in the end why it cannot start, or runs beside it on servers', async () => {
    const second = start();
    if (on === 'servers') {
      await second.printed(/Ctrl-C stops everything/);
      second.child.kill('SIGTERM');
      expect(await second.ended(), second.out()).toBe(0);
      return;
    }
    await second.printed(/Another gateway process has this database\. Waiting/);
    expect(await second.ended()).toBe(1);
    expect(second.out()).toMatch(/Another gateway process is using this database/);
  }, 150_000);

  it('ends at Ctrl-C with all that it started', async () => {
    const started = descendantsOf(gateway.child.pid ?? 0);
    expect(started.length, 'the gateway and the sandbox').toBeGreaterThanOrEqual(2);
    gateway.child.kill('SIGINT');
    const late = setTimeout(() => gateway.child.kill('SIGTERM'), STOPS_WITHIN_MS);
    expect(await gateway.ended(), gateway.out()).toBe(0);
    clearTimeout(late);
    expect(processes().filter(({ pid }) => started.includes(pid))).toEqual([]);
  });
});

interface Answer {
  readonly data: Record<string, { readonly availability: { readonly freshness: { readonly status: string } } } | null>;
  readonly errors?: unknown;
}

async function post(url: string, body: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  return (await (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).json()) as Answer;
}

function processes(): { pid: number; parent: number }[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0]) => ({ pid, parent }));
}

function descendantsOf(root: number): number[] {
  const all = processes();
  const below = (parent: number): number[] =>
    all.filter((one) => one.parent === parent).flatMap(({ pid }) => [pid, ...below(pid)]);
  return below(root);
}

function testRedisUrl(): string {
  const url = process.env['TEST_REDIS_URL'];
  if (url === undefined)
    throw new Error('TEST_REDIS_URL is not set: run the tests by `npm test`, or name a Redis as redis://host:port.');
  return url;
}

async function forgetKeys(prefix: string): Promise<void> {
  const client = createRedisClient({ url: testRedisUrl() });
  await client.connect();
  for await (const keys of client.scanIterator({ MATCH: `*${prefix}*` }))
    if (keys.length > 0) await client.unlink(keys);
  client.destroy();
}
