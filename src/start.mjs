import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { constants } from 'node:os';
import { PROJECT, prepare } from './prepare.mjs';
import { onStopSignal } from './stop-signals.mjs';

/** One Ctrl-C arrives up to three times: from the terminal, from npm, from its shell. Later ones mean impatience. */
const SAME_SIGNAL_MS = 1_000;
/** What is under way may end; what hangs may not keep the terminal. */
const STOP_WITHIN_MS = 20_000;

try {
  await prepare();
  await run(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** Runs the gateway in a process group of its own, so that it hears one signal to stop, and nothing of it outlives us. */
async function run(gatewayArguments) {
  const ownGroup = process.platform !== 'win32';
  // Short-lived objects of a request die young: fewer promotions, shorter pauses.
  const main = ['--max-semi-space-size=64', '--enable-source-maps', join(PROJECT, 'dist', 'src', 'main.js')];
  const gateway = spawn(process.execPath, [...main, 'start', ...gatewayArguments], {
    stdio: 'inherit',
    detached: ownGroup,
  });
  const killGroup = () => {
    try {
      process.kill(ownGroup ? -gateway.pid : gateway.pid, 'SIGKILL');
    } catch {
      // Nobody is left.
    }
  };
  let firstSignalAt = null;
  onStopSignal((signal) => {
    if (firstSignalAt === null) {
      firstSignalAt = Date.now();
      if (ownGroup) gateway.kill(signal);
      setTimeout(killGroup, STOP_WITHIN_MS).unref();
    } else if (Date.now() - firstSignalAt > SAME_SIGNAL_MS) {
      killGroup();
    }
  });
  process.exitCode = await new Promise((resolve, reject) => {
    gateway.once('error', reject);
    gateway.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
  killGroup();
}
