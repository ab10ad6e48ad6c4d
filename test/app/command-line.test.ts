import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts';

interface Run {
  readonly code: number | null;
  readonly out: string;
}

/** The command as a person types it, in a folder of its own. */
describe('the command line', { timeout: 150_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-command-'));
  let sandbox: Sandbox;
  let config: string;

  beforeAll(async () => {
    sandbox = await startSandbox({ parts: 30, movesPerSecond: 0 });
    config = join(folder, 'gateway.json');
    writeFileSync(
      config,
      JSON.stringify({
        database: { url: `sqlite:${join(folder, 'copy.db')}` },
        log: { level: 'silent' },
        suppliers: {
          sandbox: {
            connector: 'sandbox',
            baseUrl: sandbox.url,
            credentials: { clientId: { env: 'S_ID' }, clientSecret: { env: 'S_SECRET' } },
          },
        },
      }),
    );
  });
  afterAll(async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function started(args: readonly string[], environment: NodeJS.ProcessEnv = {}): GatewayProcess {
    const secrets = { S_ID: 'sandbox', S_SECRET: 'sandbox-secret' };
    return startGatewayProcess(args, { cwd: folder, environment: { ...secrets, ...environment } });
  }

  function command(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Run> {
    const run = started(args, environment);
    return run.ended().then((code) => ({ code, out: run.out() }));
  }

  it('walks a feed and says what it did', async () => {
    const run = await command(['sync', 'sandbox', 'catalog', '--config', config]);
    expect(run.out).toMatch(/sandbox catalog full: done; 1\/1 pages, 30 rows, 30 changed, 0 rejected/);
    expect(run.code).toBe(0);
  });

  it('says which suppliers and feeds there are', async () => {
    expect((await command(['sync', 'nobody', 'stock', '--config', config])).out).toMatch(
      /no supplier "nobody"; configured are: sandbox/,
    );
    expect((await command(['sync', 'sandbox', 'stok', '--config', config])).out).toMatch(/catalog, stock, prices/);
  });

  it('finds what is well and what is to be mended', async () => {
    const well = await command(['doctor', '--config', config]);
    expect(well.out.match(/^ok {3}/gm)).toHaveLength(4);
    expect(well.code).toBe(0);
    const ill = await command(['doctor', '--config', config], { S_SECRET: '', REDIS_URL: 'redis://127.0.0.1:1' });
    expect(ill.out).toMatch(/MEND .*\n.*S_SECRET is not set/);
    const away = await command(['doctor', '--config', config], { REDIS_URL: 'redis://127.0.0.1:1' });
    expect(away.out).toMatch(/MEND Redis does not answer/);
    expect([ill.code, away.code]).toEqual([1, 1]);
  });

  it.each([
    ['serve', /No supplier is configured.*npm start/s],
    ['worker', /No supplier is configured/],
  ])('says in a sentence why it cannot %s, without a stack', async (name, sentence) => {
    const run = await command([name]);
    expect(run.out).toMatch(sentence);
    expect(run.out).not.toMatch(/ at .*\.js:\d+/);
    expect(run.code).toBe(1);
  });

  it('is reached by `npm run gateway` too, which passes on arguments and exit code', async () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts['gateway']).toBe('node src/gateway.mjs');
    const run = startGatewayProcess(['doctor'], { script: 'src/gateway.mjs', cwd: folder });
    expect(await run.ended()).toBe(1);
    expect(run.out()).toMatch(/MEND no supplier is configured/);
  });

  it('says what is wrong with a database that is away, and keeps the password to itself', async () => {
    const run = await command(['migrate', '--config', config], { MYSQL_URL: 'mysql://user:hunter2@127.0.0.1:1/x' });
    expect(run.out).toMatch(/mysql:\/\/127\.0\.0\.1:1\/x cannot be used: nothing listens there/);
    expect(run.out).not.toContain('hunter2');
    expect(run.code).toBe(1);
  });

  it('keeps every part of a password to itself, also one that holds an @', async () => {
    const run = await command(['migrate'], { MYSQL_URL: 'mysql://user:hunter2@hunter3@127.0.0.1:1/x' });
    expect(run.out).toMatch(/mysql:\/\/127\.0\.0\.1:1\/x cannot be used/);
    expect(run.out).not.toMatch(/hunter/);
    const undecodable = await command(['migrate'], { MYSQL_URL: 'mysql://user:hunter2%@127.0.0.1:1/x' });
    expect(undecodable.out).toMatch(/percent-encode the password/);
    expect(undecodable.out).not.toMatch(/hunter/);
  });

  it('prints nothing of a failing database beside its own sentence', async () => {
    const run = await command(['doctor', '--config', config], { MYSQL_URL: 'mysql://user:hunter2@127.0.0.1:1/x' });
    expect(run.out.match(/^MEND.*nothing listens there/gm)).toHaveLength(1);
    expect(run.out.split('\n').filter((line) => line !== '' && !/^(?:ok|MEND) /.test(line))).toEqual([]);
  });

  it('migrates without suppliers and without their secrets; looking at the database changes nothing', async () => {
    const url = `sqlite:${join(folder, 'fresh.db')}`;
    const doctor = (): Promise<Run> => command(['doctor', '--config', config], { MYSQL_URL: url });
    const missing = await doctor();
    expect(missing.out).toMatch(/MEND the database file is not there yet: npm run gateway -- migrate/);
    expect(existsSync(join(folder, 'fresh.db'))).toBe(false);
    writeFileSync(join(folder, 'fresh.db'), '');
    for (const look of [1, 2]) {
      expect((await doctor()).out, String(look)).toMatch(
        /MEND database answers; \d+ migrations to apply: npm run gateway -- migrate/,
      );
    }
    expect(await command(['migrate'], { MYSQL_URL: url })).toEqual({ code: 0, out: '' });
    expect(await command(['migrate', '--config', config], { MYSQL_URL: url, S_ID: '' })).toMatchObject({ code: 0 });
    expect((await doctor()).out).toMatch(/ok {3}database answers and is up to date/);
  });

  it('says in a sentence that a port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const own = { MYSQL_URL: `sqlite:${join(folder, 'port.db')}`, PORT: String(port) };
    const run = await command(['serve', '--config', config], own);
    taken.close();
    expect(run).toEqual({
      code: 1,
      out: `Port ${port} of 127.0.0.1 is taken: stop what listens there or set PORT to another.\n`,
    });
  });

  it('refuses to be a second process on one database without Redis', async () => {
    const first = started(['worker', '--config', config]);
    const arrivals = (): number => sandbox.verdict().arrivals;
    const before = arrivals();
    await expect.poll(arrivals, { timeout: 60_000 }).toBeGreaterThan(before);
    const [second, migrated] = await Promise.all([
      command(['sync', 'sandbox', 'stock', '--config', config]),
      command(['migrate', '--config', config]),
    ]);
    first.child.kill('SIGTERM');
    expect(await first.ended()).toBe(0);
    expect(migrated).toEqual({ code: 0, out: '' });
    expect(second.out).toMatch(/Waiting for its place/);
    expect(second.out).toMatch(/Another gateway process is using this database.*REDIS_URL/s);
    expect(second.code).toBe(1);
  });
});
