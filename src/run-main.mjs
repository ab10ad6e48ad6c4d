import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from './prepare.mjs';
import { onStopSignal } from './stop-signals.mjs';

/** One Ctrl-C arrives up to three times: from the terminal, from npm, from its shell. Later ones mean impatience. */
const SAME_SIGNAL_MS = 1_000;
/** What is under way may end; what hangs may not keep the terminal. */
const STOP_WITHIN_MS = 20_000;

/**
 * Runs a command of the built gateway in a process group of its own, in the user's working folder, so that it hears one signal
 * to stop, and nothing of it outlives us. @returns the exit code
 */
export async function runMain(mainArguments) {
  const ownGroup = process.platform !== 'win32';
  // Short-lived objects of a request die young: fewer promotions, shorter pauses.
  const main = ['--max-semi-space-size=64', '--enable-source-maps', join(PROJECT, 'dist', 'src', 'main.js')];
  const gateway = spawn(process.execPath, [...main, ...mainArguments], { stdio: 'inherit', detached: ownGroup });
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
  const code = await new Promise((resolve, reject) => {
    gateway.once('error', reject);
    gateway.once('exit', (exitCode, signal) => resolve(exitCode ?? 128 + constants.signals[signal]));
  });
  killGroup();
  return code;
}
