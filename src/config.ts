import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject } from 'ajv';
import { connectors } from './connectors/registry.ts';
import type { Connector } from './connectors/connector.ts';
import { GatewayError } from './domain/gateway-error.ts';
import type { SupplierId } from './domain/identity.ts';
import type { Profile } from './domain/profile.ts';
import { CONFIG_SCHEMA, type CredentialSource, type FileConfig } from './config-schema.ts';

/** What the gateway was told, complete and checked. Frozen. */
export interface Config {
  readonly http: { readonly host: string; readonly port: number };
  readonly database: { readonly url: string };
  /** Null: the in-memory twins are used, for one process. */
  readonly redis: { readonly url: string; readonly prefix: string } | null;
  readonly log: { readonly level: string };
  readonly suppliers: readonly SupplierConfig[];
}

export interface SupplierConfig {
  readonly id: SupplierId;
  readonly connector: Connector;
  readonly account: string;
  /** Ends in `/`. */
  readonly baseUrl: string;
  /** The connector's profile with what configuration changes of it. */
  readonly profile: Profile;
  /** The current value of a credential; read anew each time, so that a rotated file is taken up. */
  readonly credential: (name: string) => string;
}

export interface ConfigSources {
  /** `--config`; else the environment's GATEWAY_CONFIG; else no file. */
  readonly file?: string | undefined;
  /** Instead of the process's own. */
  readonly environment?: NodeJS.ProcessEnv;
  /** What holds where neither file nor environment says anything. */
  readonly defaults?: { readonly environment?: NodeJS.ProcessEnv; readonly logLevel?: string };
  /** Suppliers to use where the file names none: `npm start` adds the sandbox. */
  readonly suppliers?: FileConfig['suppliers'];
}

const DEFAULT_DATABASE_URL = 'sqlite:data/gateway.db';

/**
 * Joins file and environment into one Config.
 * @throws GatewayError CONFIG_INVALID that lists every fault at once, each with its place and what was expected
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const environment = { ...sources.defaults?.environment, ...(sources.environment ?? process.env) };
  const faults: string[] = [];
  const file = readFile(sources.file ?? environment['GATEWAY_CONFIG'], faults);
  const suppliers = Object.entries(file.suppliers ?? sources.suppliers ?? {}).flatMap(([id, supplier]) =>
    supplierConfig(id, supplier, environment, faults),
  );
  const config: Config = {
    http: {
      host: environment['HOST'] ?? file.http?.host ?? '127.0.0.1',
      port: portFrom(environment['PORT'], faults) ?? file.http?.port ?? 4000,
    },
    database: {
      url:
        urlFrom('MYSQL_URL', environment, file.database?.url, /^(mysql|mariadb):\/\/|^sqlite:/, faults) ??
        DEFAULT_DATABASE_URL,
    },
    redis: redisConfig(environment, file, faults),
    log: { level: environment['LOG_LEVEL'] ?? file.log?.level ?? sources.defaults?.logLevel ?? 'info' },
    suppliers,
  };
  checkLogLevel(config.log.level, faults);
  if (faults.length > 0) throw invalid(faults);
  return Object.freeze(config);
}

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
  const validate = new Ajv2020({ allErrors: true }).compile<FileConfig>(CONFIG_SCHEMA);
  if (validate(parsed)) return parsed;
  faults.push(...(validate.errors ?? []).map((error) => `${path}: ${sentence(error)}`));
  return {};
}

/** `suppliers.turn14.share must be <= 1` */
function sentence(error: ErrorObject): string {
  const place = error.instancePath.slice(1).replaceAll('/', '.');
  const where = place === '' ? 'the file' : place;
  if (error.keyword === 'additionalProperties') {
    return `${where} has an unknown field "${String(error.params['additionalProperty'])}"`;
  }
  if (error.keyword === 'enum') return `${where} must be one of ${String(error.params['allowedValues'])}`;
  return `${where} ${error.message ?? 'is not valid'}`;
}

function supplierConfig(
  id: string,
  supplier: NonNullable<FileConfig['suppliers']>[string],
  environment: NodeJS.ProcessEnv,
  faults: string[],
): SupplierConfig[] {
  const place = `suppliers.${id}`;
  const connector = (connectors as Record<string, Connector>)[supplier.connector];
  if (!/^[a-z0-9-]{1,32}$/.test(id)) faults.push(`${place}: a supplier's id is 1 to 32 of a-z, 0-9 and "-"`);
  if (connector === undefined) {
    faults.push(`${place}.connector is "${supplier.connector}"; known are ${Object.keys(connectors).join(', ')}`);
    return [];
  }
  const baseUrl = supplier.baseUrl ?? connector.defaultBaseUrl;
  if (baseUrl === null) faults.push(`${place}.baseUrl is missing: ${connector.name} has no address of its own`);
  else if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
    faults.push(`${place}.baseUrl must be an http or https URL; it is "${baseUrl}"`);
  }
  for (const name of Object.keys(supplier.credentials)) {
    if (!connector.credentials.includes(name))
      faults.push(`${place}.credentials.${name} is not one of ${connector.credentials.join(', ')}`);
  }
  for (const name of connector.credentials)
    checkCredential(`${place}.credentials.${name}`, supplier.credentials[name], environment, faults);
  const { limits, share, freshForSeconds, expireAfterSeconds, schedules } = supplier;
  const changed = Object.fromEntries(
    Object.entries({ limits, share, freshForSeconds, expireAfterSeconds }).filter(([, value]) => value !== undefined),
  );
  return [
    {
      id,
      connector,
      account: supplier.account ?? 'main',
      baseUrl: withSlash(baseUrl ?? ''),
      profile: { ...connector.profile, ...changed, schedules: { ...connector.profile.schedules, ...schedules } },
      credential: (name) => readCredential(`${place}.credentials.${name}`, supplier.credentials[name], environment),
    },
  ];
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

function checkCredential(
  place: string,
  source: CredentialSource | undefined,
  environment: NodeJS.ProcessEnv,
  faults: string[],
): void {
  try {
    readCredential(place, source, environment);
  } catch (error) {
    faults.push((error as Error).message);
  }
}

/** The value is never part of a message. */
function readCredential(place: string, source: CredentialSource | undefined, environment: NodeJS.ProcessEnv): string {
  if (source === undefined)
    throw new GatewayError('CONFIG_INVALID', `${place} is missing: give {"env": "NAME"} or {"file": "/path"}`);
  if ('env' in source) {
    const value = environment[source.env];
    if (value) return value;
    throw new GatewayError('CONFIG_INVALID', `${place}: the environment variable ${source.env} is not set`);
  }
  try {
    const value = readFileSync(source.file, 'utf8').trim();
    if (value !== '') return value;
  } catch {
    // Said below, like an empty file.
  }
  throw new GatewayError('CONFIG_INVALID', `${place}: the file ${source.file} is empty or cannot be read`);
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
  const value = environment[name] || fromFile;
  if (value !== undefined && !pattern.test(value)) {
    faults.push(
      `${name} does not look like ${name === 'REDIS_URL' ? 'redis://host:6379' : 'mysql://user:password@host:3306/database'}`,
    );
  }
  return value;
}

function portFrom(text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined || text === '') return undefined;
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
