import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openApp, type App } from './app.ts';
import { loadConfig, type Config, type ConfigSources } from './config.ts';
import { systemClock } from './domain/clock.ts';
import { GatewayError } from './domain/gateway-error.ts';
import type { Part } from './domain/part.ts';
import { createLog } from './log.ts';
import { createProgressPrinter } from './sync/progress.ts';
import { untilStopped } from './until-stopped.ts';

export interface EmbeddedOptions {
  readonly config?: string;
  /** What the sandbox supplier sells. */
  readonly catalogFile?: string;
}

/** Said while a process that may be gone still has the database. */
export const WAITING =
  'Another gateway process has this database. Waiting for its place, in case it was killed; a few seconds at most.';

const SANDBOX_STARTS_WITHIN_MS = 30_000;
const SANDBOX_STOPS_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 200;

/** Serves and works in one process, with the sandbox supplier beside it where no supplier is configured, until stopped. */
export async function runEmbedded(options: EmbeddedOptions): Promise<void> {
  const stopped = untilStopped();
  const sources: ConfigSources = { file: options.config, defaults: { logLevel: 'warn' } };
  const needsSandbox = loadConfig(sources).suppliers.length === 0;
  const sandbox = needsSandbox ? await startSandbox(options.catalogFile) : null;
  try {
    const config = sandbox === null ? loadConfig(sources) : loadConfig(withSandbox(sources, sandbox.url));
    await serveAndWork(config, sandbox?.url ?? null, stopped);
  } finally {
    await sandbox?.stop();
  }
}

async function serveAndWork(config: Config, sandboxUrl: string | null, stopped: Promise<void>): Promise<void> {
  const app = await openApp(config, createLog(config.log.level, 2), () => say(WAITING));
  try {
    const url = await app.listen(config.http);
    say(`Gateway   ${url}/graphql   (open it in a browser for the query editor)`);
    say(`Health    ${url}/health/ready     Metrics  ${url}/metrics`);
    if (sandboxUrl !== null)
      say(`Supplier  ${sandboxUrl}   (sandbox; its verdict on our calls: ${sandboxUrl}/_sandbox/verdict)`);
    await Promise.race([fillAndShow(app, url, stopped), app.lost]);
    await Promise.race([stopped, app.lost]);
    say('Stopping.');
  } finally {
    await app.close();
  }
}

/** The first fill with its progress, then a query that has an answer. */
async function fillAndShow(app: App, url: string, stopped: Promise<void>): Promise<void> {
  let isStopped = false;
  void stopped.then(() => (isStopped = true));
  let isFilled = await app.isFilled();
  const printer = createProgressPrinter(process.stdout, systemClock);
  if (!isFilled) say('\nFilling the copy from the suppliers, within their limits:');
  app.startWork({
    onProgress: (progress) => (isFilled ? undefined : printer.update(progress)),
    onEnd: (end) => (isFilled ? undefined : printer.end(end)),
  });
  while (!isFilled && !isStopped) {
    await systemClock.sleep(LOOK_EVERY_MS);
    isFilled = await app.isFilled();
  }
  if (!isStopped) say(example(url, await app.someParts(20)));
}

function example(url: string, parts: readonly Part[]): string {
  const part = parts.find((one) => one.offers.some((offer) => offer.levels.length > 0)) ?? parts[0];
  if (part === undefined) return '\nThe suppliers list no parts.';
  const by = `brandPart: { brand: ${JSON.stringify(part.brand)}, partNumber: ${JSON.stringify(part.partNumber)} }`;
  return `
Paste this into the query editor:

  {
    part(by: { ${by} }) {
      title
      availability { state quantity levels { location quantity } freshness { status age } }
    }
  }

or ask for it from another terminal:

  curl -s ${url}/graphql -H 'content-type: application/json' -d ${shellQuoted(
    JSON.stringify({
      query: `{ part(by: { ${by} }) { title availability { state quantity freshness { status age } } } }`,
    }),
  )}

Ctrl-C stops everything.`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function withSandbox(sources: ConfigSources, url: string): ConfigSources {
  return {
    ...sources,
    defaults: {
      ...sources.defaults,
      // A sandbox has nothing to hide, and whoever tries it wants to see it all.
      anonymous: ['storefront', 'internal'],
      environment: { SANDBOX_CLIENT_ID: 'sandbox', SANDBOX_CLIENT_SECRET: 'sandbox-secret' },
    },
    suppliers: {
      sandbox: {
        connector: 'sandbox',
        baseUrl: url,
        credentials: { clientId: { env: 'SANDBOX_CLIENT_ID' }, clientSecret: { env: 'SANDBOX_CLIENT_SECRET' } },
      },
    },
  };
}

/** The sandbox is another company's program: it runs in a process of its own and is spoken to over HTTP only. */
async function startSandbox(catalogFile: string | undefined): Promise<{ url: string; stop(): Promise<void> }> {
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const list = catalogFile === undefined ? [] : ['--catalog-file', catalogFile];
  const child = fork(main, ['sandbox', '--port', '0', ...list], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return { url: await toldUrl(child), stop: () => stopChild(child) };
}

function toldUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (): void =>
      reject(new GatewayError('CONFIG_INVALID', 'The sandbox supplier did not start; it says why above.'));
    const timer = setTimeout(fail, SANDBOX_STARTS_WITHIN_MS);
    child.once('exit', fail);
    child.once('message', (message: { url: string }) => {
      clearTimeout(timer);
      child.off('exit', fail);
      resolve(message.url);
    });
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), SANDBOX_STOPS_WITHIN_MS);
  await gone;
  clearTimeout(late);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
