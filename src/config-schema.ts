import type { Limit, Profile } from './domain/profile.ts';

/** Where a secret is: never in the file itself. */
export type CredentialSource = { readonly env: string } | { readonly file: string };

/** The configuration file, as written. All of it may be left out. */
export interface FileConfig {
  readonly http?: { readonly host?: string; readonly port?: number };
  readonly database?: { readonly url: string };
  readonly redis?: { readonly url: string; readonly prefix?: string };
  readonly log?: { readonly level?: string };
  readonly suppliers?: Readonly<
    Record<
      string,
      {
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
        readonly schedules?: Profile['schedules'];
      }
    >
  >;
}

const text = { type: 'string', minLength: 1 };
const seconds = { type: 'number', exclusiveMinimum: 0 };
const open = { type: 'object', additionalProperties: false };

const credential = {
  oneOf: [
    { ...open, required: ['env'], properties: { env: text } },
    { ...open, required: ['file'], properties: { file: text } },
  ],
};

const limit = {
  ...open,
  required: ['name', 'scope', 'counts', 'windows', 'source'],
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9-]{1,32}$' },
    scope: { enum: ['credential', 'address'] },
    counts: { oneOf: [{ const: 'all' }, { type: 'array', items: text, minItems: 1 }] },
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
    incrementalEverySeconds: { oneOf: [seconds, { type: 'null' }] },
    overlapSeconds: { type: 'number', minimum: 0 },
  },
};

/** JSON Schema 2020-12 of `FileConfig`. */
export const CONFIG_SCHEMA = {
  ...open,
  properties: {
    http: { ...open, properties: { host: text, port: { type: 'integer', minimum: 0, maximum: 65_535 } } },
    database: { ...open, required: ['url'], properties: { url: text } },
    redis: { ...open, required: ['url'], properties: { url: text, prefix: text } },
    log: { ...open, properties: { level: text } },
    suppliers: {
      type: 'object',
      minProperties: 1,
      additionalProperties: {
        ...open,
        required: ['connector', 'credentials'],
        properties: {
          connector: text,
          baseUrl: text,
          account: { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$' },
          credentials: { type: 'object', additionalProperties: credential },
          limits: { type: 'array', minItems: 1, items: limit },
          share: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
          freshForSeconds: seconds,
          expireAfterSeconds: seconds,
          schedules: { ...open, properties: { catalog: schedule, stock: schedule, prices: schedule } },
        },
      },
    },
  },
};
