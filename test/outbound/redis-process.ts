import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

/** A Redis server of a test's own, that may be killed, frozen and replaced. */
export interface RedisProcess {
  readonly url: string;
  /** Has the server write what it holds now to a file, for `replaceByCopy`. */
  saveCopy(): Promise<void>;
  /** kill -9, then a new server with nothing in it, on the same port. */
  replaceByEmpty(): Promise<void>;
  /** kill -9, then a new server that holds what the last `saveCopy` wrote, on the same port. */
  replaceByCopy(): Promise<void>;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

const ANSWER_WITHIN_MS = 10_000;
const WHAT_IS_NEEDED =
  'This test kills and replaces a Redis of its own, so it needs the program redis-server (or valkey-server) on this machine: ' +
  'install it (Debian: `apt-get install redis-server`, macOS: `brew install redis`), or set TEST_REDIS_PROGRAM to its path.';

export async function startRedisProcess(): Promise<RedisProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'parts-gateway-own-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}/`;
  const copy = join(folder, 'copy.rdb');
  let server = await launch(port, folder, url);

  const replace = async (prepare: () => void): Promise<void> => {
    await end(server);
    prepare();
    server = await launch(port, folder, url);
  };
  return {
    url,
    async saveCopy() {
      const client = await createClient({ url }).connect();
      await client.sendCommand(['SAVE']);
      await client.close();
      copyFileSync(join(folder, 'dump.rdb'), copy);
    },
    replaceByEmpty: () => replace(() => rmSync(join(folder, 'dump.rdb'), { force: true })),
    replaceByCopy: () => replace(() => copyFileSync(copy, join(folder, 'dump.rdb'))),
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async stop() {
      await end(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, folder: string, url: string): Promise<ChildProcess> {
  const program = process.env['TEST_REDIS_PROGRAM'] ?? 'redis-server';
  if (program === '') throw new Error(WHAT_IS_NEEDED);
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn(program, settings, { stdio: 'ignore' });
  await once(server, 'spawn').catch((error: unknown) => {
    throw new Error(WHAT_IS_NEEDED, { cause: error });
  });
  for (const deadline = Date.now() + ANSWER_WITHIN_MS; !(await answers(url)); await sleep(20)) {
    if (server.exitCode !== null || Date.now() > deadline) throw new Error(`${program} does not answer at ${url}.`);
  }
  return server;
}

async function answers(url: string): Promise<boolean> {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    return true;
  } catch {
    return false;
  } finally {
    if (client.isOpen) client.destroy();
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
