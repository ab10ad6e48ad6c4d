import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT, prepare } from '../src/prepare.mjs';
import { onStopSignal } from '../src/stop-signals.mjs';
import { bringUpServers, redisProgram } from './servers.mjs';

/**
 * `npm test`: installs and builds what is missing, lints, brings up MariaDB and Redis, runs the tests, ends with the counts.
 * `npm test -- --fast` leaves out lint; so does any argument, as all others go to vitest: `npm test -- test/store`.
 */
const vitestArguments = process.argv.slice(2).filter((argument) => argument !== '--fast');
const isWhole = process.argv.length === 2;
const bin = (name) => join(PROJECT, 'node_modules', '.bin', name);

/** What runs now, to be told of a Ctrl-C; it then ends, and we go on to clean up. */
let running = null;
let stoppedBy = null;
onStopSignal((signal) => {
  stoppedBy ??= signal;
  running?.kill('SIGTERM');
});

let servers = null;
let counts = null;
let code = 1;
const folder = mkdtempSync(join(tmpdir(), 'parts-gateway-tests-'));
try {
  await prepare({ withTests: true });
  const isLintClean = !isWhole || (await run('npm', ['run', '--silent', 'lint'])) === 0;
  if (stoppedBy === null) servers = await bringUpServers((line) => console.error(line));
  if (stoppedBy === null) [code, counts] = await runTests(servers, isLintClean);
} catch (error) {
  if (stoppedBy === null) console.error(error.message);
} finally {
  await servers?.stop();
  rmSync(folder, { recursive: true, force: true });
}
if (counts !== null) console.log(counts);
process.exitCode = stoppedBy === null ? code : 128 + constants.signals[stoppedBy];

async function runTests({ mysqlUrl, redisUrl }, isLintClean) {
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const settings = ['run', '--config', join('test', 'vitest.config.ts'), ...reporters, ...vitestArguments];
  const partsData = process.env.PARTS_DATA ?? join(PROJECT, '..', 'shared', 'data');
  const exitCode = await run(bin('vitest'), settings, {
    TEST_MYSQL_URL: mysqlUrl,
    TEST_REDIS_URL: redisUrl,
    // For proofs that kill and replace a Redis of their own.
    TEST_REDIS_PROGRAM: process.env.TEST_REDIS_PROGRAM || (redisProgram() ?? ''),
    ...(existsSync(partsData) ? { PARTS_DATA: partsData } : {}),
  });
  if (!isLintClean) console.error('Lint failed, see the top; `npm run format` corrects what it can.');
  if (!existsSync(report)) return [exitCode || 1, null];
  return verdict(JSON.parse(readFileSync(report, 'utf8')), exitCode, isLintClean);
}

/**
 * A file that cannot be loaded has no tests to fail, an error outside of any test is none of them, and lint is not a test:
 * each counts as one, so that nothing red ends with "0 failed".
 */
function verdict(report, exitCode, isLintClean) {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const passed = report.numPassedTests;
  const failed = Math.max(report.numFailedTests + broken, exitCode === 0 ? 0 : 1) + (isLintClean ? 0 : 1);
  const skipped = report.numPendingTests + report.numTodoTests;
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return [failed > 0 || passed === 0 ? 1 : 0, line];
}

function run(command, commandArguments, settings = {}) {
  const child = spawn(command, commandArguments, {
    cwd: PROJECT,
    stdio: 'inherit',
    env: { ...process.env, ...settings },
    shell: process.platform === 'win32',
  });
  running = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => {
      running = null;
      resolve(exitCode ?? 128 + constants.signals[signal]);
    });
  });
}
