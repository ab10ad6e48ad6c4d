import type { Logger } from 'pino';
import { GatewayError } from '../domain/gateway-error.ts';
import type { Limit } from '../domain/profile.ts';
import { DEFAULT_LIMITS } from './limiter.ts';
import { SANDBOX_DEFAULTS, startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

/** As the command line gives them: texts, absent where not given. */
export type SandboxCommandOptions = Partial<Record<SandboxCommandOption, string>>;

type SandboxCommandOption =
  | 'port'
  | 'host'
  | 'seed'
  | 'parts'
  | 'catalogFile'
  | 'brand'
  | 'perSecond'
  | 'perMinute'
  | 'tokensPerMinute'
  | 'pageSize'
  | 'bulkKeys'
  | 'tokenLifeSeconds'
  | 'movesPerSecond';

/** Where the command listens if its user does not say. */
export const SANDBOX_PORT = 4100;

/** For the command line: flags, what they mean, and what holds without them. */
export const SANDBOX_COMMAND_OPTIONS: readonly { readonly flags: string; readonly description: string }[] = [
  { flags: '--port <number>', description: `port to listen on; 0 takes any (default ${SANDBOX_PORT})` },
  { flags: '--host <address>', description: `address to listen on (default ${SANDBOX_DEFAULTS.host})` },
  { flags: '--seed <number>', description: `the same seed makes the same parts (default ${SANDBOX_DEFAULTS.seed})` },
  { flags: '--parts <number>', description: `parts to make up (default ${SANDBOX_DEFAULTS.parts})` },
  { flags: '--catalog-file <path>', description: 'a list of "part;label" lines to sell instead of made-up parts' },
  {
    flags: '--brand <name>',
    description: `what the lines of that list are sold as (default ${SANDBOX_DEFAULTS.brand})`,
  },
  { flags: '--per-second <number>', description: 'data calls a credential may make in any second (default 10)' },
  { flags: '--per-minute <number>', description: 'data calls a credential may make in any minute (default 600)' },
  { flags: '--tokens-per-minute <number>', description: 'token requests in any minute (default 10)' },
  { flags: '--page-size <number>', description: `most rows in a page (default ${SANDBOX_DEFAULTS.pageSize})` },
  { flags: '--bulk-keys <number>', description: `most ids in one call by ids (default ${SANDBOX_DEFAULTS.bulkKeys})` },
  {
    flags: '--token-life-seconds <number>',
    description: `how long a token is good for (default ${SANDBOX_DEFAULTS.tokenLifeSeconds})`,
  },
  { flags: '--moves-per-second <number>', description: 'how often stock moves by itself (default 1)' },
];

/**
 * Starts the sandbox supplier for a person at a command line. The caller stops it.
 * @throws GatewayError `CONFIG_INVALID`: an option that is no number, or as `startSandbox`
 */
export async function runSandboxCommand(options: SandboxCommandOptions, log: Logger): Promise<Sandbox> {
  const read = readOptions(options);
  const sandbox = await startSandbox(read);
  log.info(
    { url: sandbox.url, parts: read.catalogFile ?? read.parts, seed: read.seed, readme: 'src/sandbox/README.md' },
    'sandbox supplier listening',
  );
  return sandbox;
}

function readOptions(options: SandboxCommandOptions): SandboxOptions {
  const number = (name: SandboxCommandOption, fallback: number): number => {
    const text = options[name];
    if (text === undefined) return fallback;
    if (/^\d{1,10}(?:\.\d+)?$/.test(text)) return Number(text);
    throw new GatewayError('CONFIG_INVALID', `sandbox: ${name} must be a number, not ${JSON.stringify(text)}.`);
  };
  return {
    port: number('port', SANDBOX_PORT),
    host: options.host ?? SANDBOX_DEFAULTS.host,
    seed: number('seed', SANDBOX_DEFAULTS.seed),
    parts: number('parts', SANDBOX_DEFAULTS.parts),
    ...(options.catalogFile === undefined ? {} : { catalogFile: options.catalogFile }),
    brand: options.brand ?? SANDBOX_DEFAULTS.brand,
    limits: limitsOf(number('perSecond', 10), number('perMinute', 600), number('tokensPerMinute', 10)),
    pageSize: number('pageSize', SANDBOX_DEFAULTS.pageSize),
    bulkKeys: number('bulkKeys', SANDBOX_DEFAULTS.bulkKeys),
    tokenLifeSeconds: number('tokenLifeSeconds', SANDBOX_DEFAULTS.tokenLifeSeconds),
    movesPerSecond: number('movesPerSecond', 1),
  };
}

function limitsOf(perSecond: number, perMinute: number, tokensPerMinute: number): Limit[] {
  const calls = [
    { limit: perSecond, windowMs: 1_000 },
    { limit: perMinute, windowMs: 60_000 },
  ];
  const tokens = [{ limit: tokensPerMinute, windowMs: 60_000 }];
  return DEFAULT_LIMITS.map((limit) => ({ ...limit, windows: limit.name === 'token' ? tokens : calls }));
}
