import { connectorNamed } from '../connectors/registry.ts';
import type { Connector } from '../connectors/connector.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { Profile } from '../domain/profile.ts';
import { SUPPLIER_SCHEMA, type FileSupplier } from '../config-schema.ts';
import { readCredential } from './credentials.ts';
import { findLimitFaults } from './limits.ts';
import { wellFormedBy } from './well-formed.ts';

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

const wellFormed = wellFormedBy(SUPPLIER_SCHEMA);
/** Stands in the budget's keys for all calls from one address. */
const ADDRESS = 'address';

/** Joins each supplier of the file with its connector. What is wrong is added to `faults`, all of it. */
export function supplierConfigs(
  suppliers: Readonly<Record<string, unknown>>,
  environment: NodeJS.ProcessEnv,
  faults: string[],
): SupplierConfig[] {
  const configs = Object.entries(suppliers).flatMap(([id, written]) =>
    supplierConfig(id, written, environment, faults),
  );
  checkNoneTwice(configs, faults);
  return configs;
}

function supplierConfig(
  id: string,
  written: unknown,
  environment: NodeJS.ProcessEnv,
  faults: string[],
): SupplierConfig[] {
  const place = `suppliers.${id}`;
  const supplier: Partial<FileSupplier> = wellFormed(written, place, faults);
  if (!/^[a-z0-9-]{1,32}$/.test(id)) faults.push(`${place}: a supplier's id is 1 to 32 of a-z, 0-9 and "-"`);
  if (supplier.account === ADDRESS) faults.push(`${place}.account must not be "${ADDRESS}": choose another name`);
  if (supplier.connector === undefined) return [];
  const connector = findConnector(supplier.connector, place, faults);
  if (connector === null) return [];
  const { credentials } = supplier;
  if (credentials !== undefined) checkCredentials(place, connector, credentials, environment, faults);
  const profile = profileOf(connector, supplier);
  checkProfile(place, profile, connector, supplier, faults);
  return [
    {
      id,
      connector,
      account: supplier.account ?? 'main',
      baseUrl: baseUrlOf(place, connector, supplier, faults),
      profile,
      credential: (name) => readCredential(`${place}.credentials.${name}`, credentials?.[name], environment),
    },
  ];
}

function findConnector(name: string, place: string, faults: string[]): Connector | null {
  try {
    return connectorNamed(name);
  } catch (error) {
    faults.push(`${place}.connector: ${(error as Error).message}`);
    return null;
  }
}

function checkCredentials(
  place: string,
  connector: Connector,
  credentials: FileSupplier['credentials'],
  environment: NodeJS.ProcessEnv,
  faults: string[],
): void {
  for (const name of Object.keys(credentials)) {
    if (!connector.credentials.includes(name))
      faults.push(`${place}.credentials.${name} is not one of ${connector.credentials.join(', ')}`);
  }
  for (const name of connector.credentials) {
    try {
      readCredential(`${place}.credentials.${name}`, credentials[name], environment);
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
}

function profileOf(connector: Connector, supplier: Partial<FileSupplier>): Profile {
  const { limits, share, freshForSeconds, expireAfterSeconds, maxPagesPerRun, schedules } = supplier;
  const changed = Object.fromEntries(
    Object.entries({ limits, share, freshForSeconds, expireAfterSeconds, maxPagesPerRun }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return { ...connector.profile, ...changed, schedules: { ...connector.profile.schedules, ...schedules } };
}

function checkProfile(
  place: string,
  profile: Profile,
  connector: Connector,
  supplier: Partial<FileSupplier>,
  faults: string[],
): void {
  const { freshForSeconds, expireAfterSeconds } = profile;
  if (expireAfterSeconds < freshForSeconds) {
    faults.push(
      `${place}: expireAfterSeconds (${expireAfterSeconds}) must not be less than freshForSeconds (${freshForSeconds})`,
    );
  }
  if (supplier.limits !== undefined) {
    faults.push(...findLimitFaults(supplier.limits, connector.profile).map((fault) => `${place}.limits${fault}`));
  }
}

function baseUrlOf(place: string, connector: Connector, supplier: Partial<FileSupplier>, faults: string[]): string {
  const baseUrl = supplier.baseUrl ?? connector.defaultBaseUrl;
  if (baseUrl === null) faults.push(`${place}.baseUrl is missing: ${connector.name} has no address of its own`);
  else if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
    faults.push(`${place}.baseUrl must be an http or https URL; it is "${baseUrl}"`);
  }
  return baseUrl?.endsWith('/') ? baseUrl : `${baseUrl ?? ''}/`;
}

/** Each supplier has a budget of its own: two for one credential could together go over its limits. */
function checkNoneTwice(configs: readonly SupplierConfig[], faults: string[]): void {
  const first = new Map<string, SupplierId>();
  for (const config of configs) {
    const identity = identityOf(config);
    if (identity === null) continue;
    const known = first.get(identity);
    if (known === undefined) first.set(identity, config.id);
    else
      faults.push(`suppliers.${known} and suppliers.${config.id} use the same credential of one supplier: make it one`);
  }
}

/** By what the supplier knows whose a call is; null where a fault, told already, keeps it from being known. */
function identityOf({ connector, baseUrl, credential }: SupplierConfig): string | null {
  try {
    const authentication = connector.authentication(credential);
    const who = authentication.kind === 'header' ? authentication.secret() : authentication.clientId();
    return JSON.stringify([connector.name, new URL(baseUrl).origin, who]);
  } catch {
    return null;
  }
}
