import type { Limit, Profile } from './domain/profile.ts';

/** Where a secret is: never in the file itself. */
export type CredentialSource = { readonly env: string } | { readonly file: string };

/** What a caller may see: `storefront` what a shop shows, `internal` what those who run it look at too. */
export type Scope = 'storefront' | 'internal';
export const SCOPES: readonly Scope[] = ['storefront', 'internal'];

/** The configuration file, as written. All of it may be left out. */
export interface FileConfig {
  readonly http?: { readonly host?: string; readonly port?: number };
  readonly database?: { readonly url: string };
  readonly redis?: { readonly url: string; readonly prefix?: string };
  readonly log?: { readonly level?: string };
  readonly access?: { readonly anonymous?: readonly Scope[] };
  readonly suppliers?: Readonly<Record<string, FileSupplier>>;
}

export interface FileSupplier {
  readonly connector: string;
  readonly baseUrl?: string;
  /** Whose credential: a name of your own. */
  readonly account?: string;
  readonly credentials: Readonly<Record<string, CredentialSource>>;
  /** Replace the connector's documented limits. */
  readonly limits?: readonly Limit[];
  readonly share?: number;
  readonly freshForSeconds?: number;
  readonly expireAfterSeconds?: number;
  readonly maxPagesPerRun?: number;
  readonly schedules?: Profile['schedules'];
}

const text = { type: 'string', minLength: 1 };
const seconds = { type: 'number', exclusiveMinimum: 0 };
const open = { type: 'object', additionalProperties: false };

const limit = {
  ...open,
  required: ['name', 'scope', 'counts', 'windows', 'source'],
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9-]{1,32}$', description: '1 to 32 of a-z, 0-9 and "-"' },
    scope: { enum: ['credential', 'address'] },
    counts: {
      type: ['array', 'string'],
      items: text,
      minItems: 1,
      pattern: '^all$',
      description: '"all" or a list of call classes',
    },
    windows: {
      type: 'array',
      minItems: 1,
      items: {
        ...open,
        required: ['limit', 'windowMs'],
        properties: { limit: { type: 'integer', minimum: 1 }, windowMs: { type: 'integer', minimum: 0 } },
      },
    },
    source: text,
  },
};

const schedule = {
  ...open,
  required: ['fullEverySeconds', 'incrementalEverySeconds', 'overlapSeconds'],
  properties: {
    fullEverySeconds: seconds,
    incrementalEverySeconds: { ...seconds, type: ['number', 'null'] },
    overlapSeconds: { type: 'number', minimum: 0 },
  },
};

/** JSON Schema 2020-12 of one of the `suppliers`. Its `credentials` are looked at by their readers. */
export const SUPPLIER_SCHEMA = {
  ...open,
  required: ['connector', 'credentials'],
  properties: {
    connector: text,
    baseUrl: text,
    account: { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$', description: '1 to 64 of A-Z, a-z, 0-9 and "-"' },
    credentials: { type: 'object' },
    limits: { type: 'array', minItems: 1, items: limit },
    share: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
    freshForSeconds: seconds,
    expireAfterSeconds: seconds,
    maxPagesPerRun: { type: 'integer', minimum: 1 },
    schedules: { ...open, properties: { catalog: schedule, stock: schedule, prices: schedule } },
  },
};

/** JSON Schema 2020-12 of `FileConfig`, without what stands under each of the `suppliers`. */
export const CONFIG_SCHEMA = {
  ...open,
  properties: {
    http: { ...open, properties: { host: text, port: { type: 'integer', minimum: 0, maximum: 65_535 } } },
    database: { ...open, required: ['url'], properties: { url: text } },
    redis: { ...open, required: ['url'], properties: { url: text, prefix: text } },
    log: { ...open, properties: { level: text } },
    access: {
      ...open,
      properties: { anonymous: { type: 'array', items: { enum: SCOPES }, uniqueItems: true } },
    },
    suppliers: { type: 'object', minProperties: 1 },
  },
};
