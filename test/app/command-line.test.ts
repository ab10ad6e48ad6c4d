import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly out: string;
}

/** The command as a person types it, in a folder of its own. */
describe('the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-command-'));
  let sandbox: Sandbox;
  let config: string;

  beforeAll(async () => {
    if (!existsSync(MAIN))
      throw new Error('dist/src/main.js is missing: run `npm run build`, or the tests by `npm test`.');
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

  function command(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Run> {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], S_ID: 'sandbox', S_SECRET: 'sandbox-secret', ...environment },
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (out += bytes.toString()));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
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

  it('says what is wrong with a database that is away, and keeps the password to itself', async () => {
    const run = await command(['migrate', '--config', config], { MYSQL_URL: 'mysql://user:hunter2@127.0.0.1:1/x' });
    expect(run.out).toMatch(/mysql:\/\/127\.0\.0\.1:1\/x cannot be used: nothing listens there/);
    expect(run.out).not.toContain('hunter2');
    expect(run.code).toBe(1);
  });

  it('refuses to be a second process on one database without Redis', async () => {
    const first = spawn(process.execPath, [MAIN, 'worker', '--config', config], {
      cwd: folder,
      env: { PATH: process.env['PATH'], S_ID: 'sandbox', S_SECRET: 'sandbox-secret' },
    });
    const arrivals = (): number => sandbox.verdict().arrivals;
    const before = arrivals();
    await expect.poll(arrivals, { timeout: 10_000 }).toBeGreaterThan(before);
    const second = await command(['sync', 'sandbox', 'stock', '--config', config]);
    first.kill('SIGTERM');
    expect(await new Promise((resolve) => first.once('close', resolve))).toBe(0);
    expect(second.out).toMatch(/Another gateway process is using this database.*REDIS_URL/s);
    expect(second.code).toBe(1);
  }, 60_000);
});
