import { GatewayError } from '../domain/gateway-error.ts';
import { DERIVED_ID_PATTERN } from '../domain/identity.ts';

/** What has an id in the public contract. An id is its kind and its key: `part_Zk3…`. Clients treat it as opaque. */
export type IdKind = 'part' | 'offer' | 'supplier' | 'job';

const KEY_PATTERNS: Record<IdKind, RegExp> = {
  part: DERIVED_ID_PATTERN,
  offer: DERIVED_ID_PATTERN,
  supplier: /^[a-z0-9-]{1,32}$/,
  job: /^[A-Za-z0-9_-]{1,64}$/,
};

const NAMES: Record<IdKind, string> = { part: 'part', offer: 'offer', supplier: 'supplier', job: 'refresh job' };

/** As much of a wrong id as an error repeats. */
const SHOWN_LENGTH = 40;

export function globalId(kind: IdKind, key: string): string {
  return `${kind}_${key}`;
}

/**
 * The key inside an id of a known kind.
 * @throws GatewayError BAD_USER_INPUT
 */
export function keyOf(kind: IdKind, id: string): string {
  const named = split(id);
  if (named?.kind === kind) return named.key;
  throw new GatewayError(
    'BAD_USER_INPUT',
    `${shown(id)} is not a ${NAMES[kind]} id: take ids from earlier answers; ${NAMES[kind]} ids begin with ${kind}_`,
  );
}

/**
 * An id of any kind, taken apart.
 * @throws GatewayError BAD_USER_INPUT
 */
export function kindAndKeyOf(id: string): { kind: IdKind; key: string } {
  const named = split(id);
  if (named !== null) return named;
  const beginnings = Object.keys(NAMES).map((kind) => `${kind}_`);
  throw new GatewayError(
    'BAD_USER_INPUT',
    `${shown(id)} is not an id: take ids from earlier answers; they begin with ${beginnings.join(', ')}`,
  );
}

function split(id: string): { kind: IdKind; key: string } | null {
  const end = id.indexOf('_');
  const kind = id.slice(0, end);
  const key = id.slice(end + 1);
  return isKind(kind) && KEY_PATTERNS[kind].test(key) ? { kind, key } : null;
}

function isKind(text: string): text is IdKind {
  return Object.hasOwn(KEY_PATTERNS, text);
}

function shown(id: string): string {
  return JSON.stringify(id.length > SHOWN_LENGTH ? `${id.slice(0, SHOWN_LENGTH)}…` : id);
}
