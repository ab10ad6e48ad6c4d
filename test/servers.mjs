import { spawn, spawnSync } from 'node:child_process';
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ANSWER_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const ASK_EVERY_MS = 50;
const LOOK_IN = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/opt/homebrew/bin',
];

/** What a machine without the servers is told. */
const HOW_TO_GET = {
  mysql:
    'MariaDB is missing. Install it (Debian: `apt-get install mariadb-server`, macOS: `brew install mariadb`), or set TEST_MYSQL_URL to a server whose user may create databases, such as mysql://root@127.0.0.1:3306/.',
  redis:
    'Redis is missing. Install it (Debian: `apt-get install redis-server`, macOS: `brew install redis`), or set TEST_REDIS_URL to a server to test on, such as redis://127.0.0.1:6379/.',
};

/**
 * MariaDB and Redis for a run of the tests: those named in TEST_MYSQL_URL and TEST_REDIS_URL, else private ones of the
 * binaries found here, on free ports of the loopback address, in temporary folders.
 * @param say is told in a line what takes long
 * @returns their addresses, and `stop`, which ends what was started and removes its folders; safe to call twice
 * @throws Error with a sentence for the user where a server is missing or does not answer; then nothing is left running
 */
export async function bringUpServers(say) {
  const started = [];
  const stop = async () => {
    await Promise.all(started.splice(0).map(end));
  };
  try {
    const given = { mysql: process.env.TEST_MYSQL_URL || null, redis: process.env.TEST_REDIS_URL || null };
    installMissing(given, say);
    const lacks = [
      given.mysql || mysqlPrograms() ? [] : HOW_TO_GET.mysql,
      given.redis || redisProgram() ? [] : HOW_TO_GET.redis,
    ].flat();
    if (lacks.length > 0) throw new Error(lacks.join('\n'));
    const mysqlUrl = given.mysql ?? (await startMysql(started));
    const redisUrl = given.redis ?? (await startRedis(started));
    await Promise.all([
      untilItAnswers('MariaDB', mysqlUrl, askMysql, started),
      untilItAnswers('Redis', redisUrl, askRedis, started),
    ]);
    return { mysqlUrl, redisUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** From the distribution's packages, where they are at hand and we may. */
function installMissing(given, say) {
  const packages = [];
  if (!given.mysql && mysqlPrograms() === null) packages.push('mariadb-server');
  if (!given.redis && redisProgram() === null) packages.push('redis-server');
  if (packages.length === 0 || !isRoot() || find('apt-get') === null) return;
  say(`Installing ${packages.join(' and ')} from the distribution's packages …`);
  // In run level 1 a package does not start its service: the binaries are all we want.
  const quiet = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }, encoding: 'utf8' };
  const steps = [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
  ];
  for (const step of steps) {
    const result = spawnSync('apt-get', step, quiet);
    if (result.status !== 0)
      throw new Error(`${result.stdout}${result.stderr}\napt-get ${step.join(' ')} failed, see above.`);
  }
}

async function startMysql(started) {
  const programs = mysqlPrograms();
  const folder = temporaryFolder('mysql', started);
  const user = isRoot() ? unprivileged(folder) : [];
  const data = join(folder, 'data');
  const prepared = spawnSync(programs.install[0], [...programs.install.slice(1), `--datadir=${data}`, ...user], {
    encoding: 'utf8',
  });
  if (prepared.status !== 0) {
    throw new Error(
      `${prepared.stdout}${prepared.stderr}\n${programs.install[0]} could not make a database folder in ${folder}, see above.`,
    );
  }
  const port = await freePort();
  const settings = [
    '--no-defaults',
    ...user,
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'mysql.sock')}`,
    `--pid-file=${join(folder, 'mysql.pid')}`,
    // Anyone on this machine can reach the port: nothing outside the folder may be read or written through it.
    `--secure-file-priv=${folder}`,
    '--skip-log-bin',
    '--innodb-flush-log-at-trx-commit=1',
    '--character-set-server=utf8mb4',
  ];
  launch('MariaDB', programs.server, settings, folder, started);
  return `mysql://root@127.0.0.1:${port}/`;
}

async function startRedis(started) {
  const folder = temporaryFolder('redis', started);
  const port = await freePort();
  const settings = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  launch('Redis', redisProgram(), settings.map(String), folder, started);
  return `redis://127.0.0.1:${port}/`;
}

/** MariaDB's programs, else MySQL's: how to make a data folder, and the server. */
function mysqlPrograms() {
  const mariadb = find('mariadbd');
  const install = find('mariadb-install-db') ?? find('mysql_install_db');
  if (mariadb !== null && install !== null) {
    const settings = ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db'];
    return { server: mariadb, install: [install, ...settings] };
  }
  const mysql = find('mysqld');
  return mysql === null ? null : { server: mysql, install: [mysql, '--no-defaults', '--initialize-insecure'] };
}

/** @returns where Redis's server is on this machine, or null */
export function redisProgram() {
  return find('redis-server') ?? find('valkey-server');
}

function find(program) {
  const place = LOOK_IN.find((folder) => folder !== '' && existsSync(join(folder, program)));
  return place === undefined ? null : join(place, program);
}

function isRoot() {
  return process.getuid?.() === 0;
}

/** A database server does not run as root: as its own user where there is one, else as nobody. */
function unprivileged(folder) {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'mysql') ?? users.find(([name]) => name === 'nobody');
  if (user === undefined) return [`--user=${userInfo().username}`];
  chownSync(folder, Number(user[2]), Number(user[3]));
  return [`--user=${user[0]}`];
}

function temporaryFolder(name, started) {
  const folder = mkdtempSync(join(tmpdir(), `parts-gateway-${name}-`));
  started.push({ folder, server: null });
  return folder;
}

/** In a process group of its own: Ctrl-C in the terminal must not end it before the tests that use it. */
function launch(name, program, settings, folder, started) {
  const log = join(folder, 'server.log');
  const entry = started.find((each) => each.folder === folder);
  const output = openSync(log, 'a');
  const server = spawn(program, settings, { detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  Object.assign(entry, { name, server, log });
}

async function untilItAnswers(name, url, ask, started) {
  const deadline = Date.now() + ANSWER_WITHIN_MS;
  const own = started.find((each) => each.name === name);
  for (;;) {
    try {
      return await ask(url);
    } catch (error) {
      const hasEnded = own !== undefined && (own.server.exitCode !== null || own.server.signalCode !== null);
      if (own !== undefined && !hasEnded && Date.now() < deadline) {
        await sleep(ASK_EVERY_MS);
        continue;
      }
      const said = own === undefined ? '' : `${readFileSync(own.log, 'utf8')}\n`;
      const where = own === undefined ? `at ${new URL(url).host}, as given, ` : '';
      throw new Error(`${said}${name} ${where}does not answer: ${error.message || error.code}`, { cause: error });
    }
  }
}

async function askMysql(url) {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ uri: url, connectTimeout: 5_000 });
  await connection.query('SELECT 1');
  await connection.end();
}

async function askRedis(url) {
  const { createClient } = await import('redis');
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: 5_000, reconnectStrategy: false },
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.destroy();
  }
}

async function end({ folder, server }) {
  if (server !== null && server.exitCode === null && server.signalCode === null && server.pid !== undefined) {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    const isLate = await Promise.race([ended.then(() => false), sleep(STOP_WITHIN_MS, true, { ref: false })]);
    if (isLate) {
      server.kill('SIGKILL');
      await ended;
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
