import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/** A program of the gateway, started as a person starts it. */
export interface GatewayProcess {
  readonly child: ChildProcess;
  /** What it has printed so far, on both streams. */
  out(): string;
  /** Waits until it has printed this. @returns the match */
  printed(pattern: RegExp, withinMs?: number): Promise<RegExpMatchArray>;
  /** @returns its exit code, null where a signal ended it */
  ended(): Promise<number | null>;
}

export interface GatewayProcessOptions {
  /** A command's arguments for the built program; or a script of the project with its own. */
  readonly script?: string;
  readonly cwd: string;
  /** Beside PATH and HOME: nothing else of the test's own environment is handed on. */
  readonly environment?: NodeJS.ProcessEnv;
}

const PRINTED_WITHIN_MS = 100_000;
const LOOK_EVERY_MS = 50;

export function startGatewayProcess(args: readonly string[], options: GatewayProcessOptions): GatewayProcess {
  if (!existsSync(MAIN))
    throw new Error('dist/src/main.js is missing: run `npm run build`, or the tests by `npm test`.');
  const script = options.script === undefined ? MAIN : `${PROJECT}${options.script}`;
  const child = spawn(process.execPath, [script, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (out += bytes.toString()));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  let isClosed = false;
  void closed.then(() => (isClosed = true));
  return {
    child,
    out: () => out,
    async printed(pattern, withinMs = PRINTED_WITHIN_MS) {
      const giveUpAt = Date.now() + withinMs;
      while (!pattern.test(out) && !isClosed && Date.now() < giveUpAt) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
      const match = pattern.exec(out);
      if (match === null) throw new Error(`${String(pattern)} was not printed; there is:\n${out}`);
      return match;
    },
    ended: () => closed,
  };
}
