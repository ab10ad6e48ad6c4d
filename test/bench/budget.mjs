import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { PROJECT, prepare } from '../../src/prepare.mjs';
import { onStopSignal } from '../../src/stop-signals.mjs';
import { bringUpServers } from '../servers.mjs';

/**
 * `npm run bench:budget`: builds what is missing, brings up MariaDB and Redis as `npm test` does, and measures there.
 * Its arguments (`npm run bench:budget -- --help`) go to run-budget.ts.
 */
let running = null;
let stoppedBy = null;
onStopSignal((signal) => {
  stoppedBy ??= signal;
  running?.kill('SIGTERM');
});

let servers = null;
let code = 1;
try {
  await prepare({ withTests: true });
  if (stoppedBy === null) servers = await bringUpServers((line) => process.stderr.write(`${line}\n`));
  if (stoppedBy === null) code = await measure(servers);
} catch (error) {
  if (stoppedBy === null) process.stderr.write(`${error.message}\n`);
} finally {
  await servers?.stop();
}
process.exitCode = stoppedBy === null ? code : 128 + constants.signals[stoppedBy];

function measure({ mysqlUrl, redisUrl }) {
  const program = join(PROJECT, 'dist', 'test', 'bench', 'run-budget.js');
  running = spawn(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
    cwd: PROJECT,
    stdio: 'inherit',
    env: { ...process.env, TEST_MYSQL_URL: mysqlUrl, TEST_REDIS_URL: redisUrl },
  });
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('exit', (exitCode, signal) => resolve(exitCode ?? 128 + constants.signals[signal]));
  });
}
