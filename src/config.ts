import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { supplierConfigs, type SupplierConfig } from './config/suppliers.ts';
import { wellFormedBy } from './config/well-formed.ts';
import { GatewayError } from './domain/gateway-error.ts';
import { CONFIG_SCHEMA, type FileConfig, type Scope } from './config-schema.ts';

export type { SupplierConfig };

/** What the gateway was told, complete and checked. Frozen. */
export interface Config {
  readonly http: { readonly host: string; readonly port: number };
  readonly database: { readonly url: string };
  /** Null: the in-memory twins are used, for one process. */
  readonly redis: { readonly url: string; readonly prefix: string } | null;
  readonly log: { readonly level: string };
  /** What callers without a name may see. */
  readonly access: { readonly anonymous: readonly Scope[] };
  readonly suppliers: readonly SupplierConfig[];
}

export interface ConfigSources {
  /** `--config`; else the environment's GATEWAY_CONFIG; else no file. */
  readonly file?: string | undefined;
  /** Instead of the process's own. */
  readonly environment?: NodeJS.ProcessEnv;
  /** What holds where neither file nor environment says anything. */
  readonly defaults?: {
    readonly environment?: NodeJS.ProcessEnv;
    readonly logLevel?: string;
    readonly anonymous?: readonly Scope[];
  };
  /** Suppliers to use where the file names none: `npm start` adds the sandbox. */
  readonly suppliers?: FileConfig['suppliers'];
}

const wellFormed = wellFormedBy(CONFIG_SCHEMA);
const DEFAULT_DATABASE_URL = 'sqlite:data/gateway.db';

/**
 * Joins file and environment into one Config.
 * @throws GatewayError CONFIG_INVALID that lists every fault at once, each with its place and what was expected
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const environment = environmentOf(sources);
  const faults: string[] = [];
  const file = readFile(sources.file ?? environment['GATEWAY_CONFIG'], faults);
  const suppliers = supplierConfigs(file.suppliers ?? sources.suppliers ?? {}, environment, faults);
  const config: Config = {
    http: {
      host: environment['HOST'] ?? file.http?.host ?? '127.0.0.1',
      port: portFrom(environment['PORT'], faults) ?? file.http?.port ?? 4000,
    },
    database: databaseConfig(environment, file, faults),
    redis: redisConfig(environment, file, faults),
    log: { level: environment['LOG_LEVEL'] ?? file.log?.level ?? sources.defaults?.logLevel ?? 'info' },
    access: { anonymous: file.access?.anonymous ?? sources.defaults?.anonymous ?? ['storefront'] },
    suppliers,
  };
  checkLogLevel(config.log.level, faults);
  if (faults.length > 0) throw invalid(faults);
  return Object.freeze(config);
}

/**
 * The database alone, for who needs no supplier and no secret of one.
 * @throws GatewayError CONFIG_INVALID as `loadConfig`, without what concerns suppliers
 */
export function loadDatabaseConfig(sources: ConfigSources = {}): Config['database'] {
  const environment = environmentOf(sources);
  const faults: string[] = [];
  const file = readFile(sources.file ?? environment['GATEWAY_CONFIG'], faults);
  const database = databaseConfig(environment, file, faults);
  if (faults.length > 0) throw invalid(faults);
  return database;
}

function environmentOf({ defaults, environment }: ConfigSources): NodeJS.ProcessEnv {
  return { ...defaults?.environment, ...withoutEmpty(environment ?? process.env) };
}

/** An empty variable says no more than none: so do shells and containers unset one. */
function withoutEmpty(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

/** The fields of the file that are as they must be. */
function readFile(path: string | undefined, faults: string[]): FileConfig {
  if (path === undefined) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(resolve(path), 'utf8'));
  } catch (error) {
    faults.push(
      `${path}: ${error instanceof SyntaxError ? `is not JSON: ${error.message}` : 'cannot be read: check the path and its permissions'}`,
    );
    return {};
  }
  const own: string[] = [];
  const fields = wellFormed(parsed, '', own);
  faults.push(...own.map((fault) => `${path}: ${fault}`));
  return fields;
}

function databaseConfig(environment: NodeJS.ProcessEnv, file: FileConfig, faults: string[]): Config['database'] {
  const url = urlFrom('MYSQL_URL', environment, file.database?.url, /^(mysql|mariadb):\/\/|^sqlite:./, faults);
  return { url: url ?? DEFAULT_DATABASE_URL };
}

function redisConfig(environment: NodeJS.ProcessEnv, file: FileConfig, faults: string[]): Config['redis'] {
  const url = urlFrom('REDIS_URL', environment, file.redis?.url, /^rediss?:\/\//, faults);
  return url === undefined ? null : { url, prefix: file.redis?.prefix ?? 'parts-gateway:' };
}

function urlFrom(
  name: string,
  environment: NodeJS.ProcessEnv,
  fromFile: string | undefined,
  pattern: RegExp,
  faults: string[],
): string | undefined {
  const value = environment[name] ?? fromFile;
  if (value === undefined) return value;
  if (!pattern.test(value) || (value.includes('://') && !URL.canParse(value))) {
    const likeness = name === 'REDIS_URL' ? 'redis://host:6379' : 'mysql://user:password@host:3306/database';
    faults.push(`${name} does not look like ${likeness}`);
  } else if (!isDecodable(value)) {
    faults.push(`${name}: percent-encode the password: write %25 for "%", %40 for "@", %2F for "/"`);
  }
  return value;
}

function isDecodable(url: string): boolean {
  try {
    return !url.includes('://') || decodeURIComponent(url) !== '';
  } catch {
    return false;
  }
}

function portFrom(text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    faults.push(`PORT must be a whole number from 0 to 65535; it is "${text}"`);
  return port;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

function checkLogLevel(level: string, faults: string[]): void {
  if (!LOG_LEVELS.includes(level)) faults.push(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}; it is "${level}"`);
}

function invalid(faults: readonly string[]): GatewayError {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  return new GatewayError(
    'CONFIG_INVALID',
    `The configuration has ${count}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
  );
}
