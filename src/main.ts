#!/usr/bin/env node
import { Command, Option } from 'commander';
import { openApp, type App } from './app.ts';
import type { Logger } from 'pino';
import { openStore } from './app/store.ts';
import { loadConfig, loadDatabaseConfig, type Config, type ConfigSources } from './config.ts';
import { examine } from './doctor.ts';
import { systemClock } from './domain/clock.ts';
import { GatewayError } from './domain/gateway-error.ts';
import { FEEDS, type Feed } from './domain/profile.ts';
import { createLog } from './log.ts';
import { SANDBOX_COMMAND_OPTIONS, runSandboxCommand, type SandboxCommandOptions } from './sandbox/command.ts';
import { runEmbedded, WAITING, type EmbeddedOptions } from './embedded.ts';
import { createProgressPrinter } from './sync/progress.ts';
import { untilStopped } from './until-stopped.ts';

interface CommonOptions {
  readonly config?: string;
}

const program = new Command('parts-gateway')
  .description('GraphQL gateway for auto-parts inventory.')
  .showHelpAfterError('(--help shows what there is)');

const configOption = (): Option => new Option('--config <file>', 'configuration file (JSON); else GATEWAY_CONFIG');

program
  .command('start')
  .description('serve and work in one process; without suppliers configured, with the sandbox supplier beside it')
  .addOption(configOption())
  .option('--catalog-file <path>', 'what the sandbox sells: a list of "part;label" lines')
  .action(run((options: EmbeddedOptions) => runEmbedded(options)));

program
  .command('serve')
  .description('answer queries')
  .addOption(configOption())
  .action(
    run((options: CommonOptions) =>
      withApp(options, async (app, config, log) => {
        log.info({ url: await app.listen(config.http) }, 'gateway listening');
        await untilStopped();
      }),
    ),
  );

program
  .command('worker')
  .description('run syncs and forced refreshes')
  .addOption(configOption())
  .action(
    run((options: CommonOptions) =>
      withApp(options, async (app) => {
        app.startWork();
        await untilStopped();
      }),
    ),
  );

program
  .command('sync')
  .description('walk one feed of a supplier now')
  .argument('<supplier>', "the supplier's id in the configuration")
  .addArgument(program.createArgument('<feed>', 'which feed').choices(FEEDS))
  .option('--full', 'walk everything, not only what changed')
  .addOption(configOption())
  .action(
    run((supplier: string, feed: Feed, options: CommonOptions & { full?: boolean }) =>
      withApp(options, async (app) => {
        const printer = createProgressPrinter(process.stderr, systemClock);
        const end = await app.sync({
          supplier,
          feed,
          mode: options.full ? 'full' : 'incremental',
          lane: 'scheduled',
          onProgress: (progress) => printer.update(progress),
        });
        printer.end(end);
        if (end.state !== 'done') process.exitCode = 1;
      }),
    ),
  );

program
  .command('migrate')
  .description('bring the database up to date')
  .addOption(configOption())
  .action(
    run(async (options: CommonOptions) => {
      const db = await openStore(loadDatabaseConfig(sourcesFrom(options)).url);
      await db.close();
    }),
  );

program
  .command('doctor')
  .description('check configuration, database, Redis and suppliers, and say what to mend')
  .addOption(configOption())
  .action(
    run(async (options: CommonOptions) => {
      const findings = await examine(() => loadConfig(sourcesFrom(options)));
      for (const { isWell, text } of findings) console.log(`${isWell ? 'ok  ' : 'MEND'} ${text}`);
      if (findings.some((finding) => !finding.isWell)) process.exitCode = 1;
    }),
  );

const sandboxCommand = program.command('sandbox').description('a supplier to try and test against');
for (const { flags, description } of SANDBOX_COMMAND_OPTIONS) sandboxCommand.option(flags, description);
sandboxCommand.action(
  run(async (options: SandboxCommandOptions) => {
    const sandbox = await runSandboxCommand(options, createLog(process.send ? 'warn' : 'info'));
    process.send?.({ url: sandbox.url });
    await untilStopped();
    await sandbox.stop();
  }),
);

await program.parseAsync();

/** Opens what the configuration names, does the work, and closes it again whatever happens. */
async function withApp(
  options: CommonOptions,
  work: (app: App, config: Config, log: Logger) => Promise<void>,
): Promise<void> {
  const config = loadConfig(sourcesFrom(options));
  if (config.suppliers.length === 0) throw noSuppliers();
  const log = createLog(config.log.level);
  const app = await openApp(config, log, () => console.error(WAITING));
  try {
    await Promise.race([work(app, config, log), app.lost]);
  } finally {
    await app.close();
  }
}

function sourcesFrom(options: CommonOptions): ConfigSources {
  return { file: options.config };
}

function noSuppliers(): GatewayError {
  return new GatewayError(
    'CONFIG_INVALID',
    'No supplier is configured: name one under "suppliers" in the file given by --config or GATEWAY_CONFIG (README, "Run it for real"). ' +
      'To try the gateway without one, use `npm start`.',
  );
}

/** A person at a command line gets the sentence; the stack is for faults of our own. */
function run<A extends unknown[]>(action: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await action(...args);
    } catch (error) {
      console.error(error instanceof GatewayError ? error.message : error);
      process.exitCode = 1;
    }
  };
}
