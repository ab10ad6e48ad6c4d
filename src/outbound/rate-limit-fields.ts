import { httpDate, parameter, resetWait, wholeSeconds, type AnswerHeaders } from './response.ts';

/** What an answer's headers say of the supplier's limits: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
export interface StatedLimits {
  readonly policies: readonly StatedPolicy[];
  readonly rests: readonly StatedRest[];
}

/** So many calls per window. */
export interface StatedPolicy {
  /** At least 1. */
  readonly limit: number;
  /** Null where the answer does not say how long. */
  readonly windowMs: number | null;
}

/** So many calls remain for so long. */
export interface StatedRest {
  readonly remaining: number;
  readonly forMs: number;
  /** The length of the window it is about; null where the answer does not say. */
  readonly windowMs: number | null;
}

/**
 * Reads `RateLimit-Policy: "name";q=100;w=60` with `RateLimit: "name";r=0;t=30` (draft 8 and later), `RateLimit: limit=100,
 * remaining=5, reset=30` (drafts 3 to 7), and `RateLimit-`, `X-RateLimit-` and `X-Rate-Limit-` with `-Limit`, `-Remaining`,
 * `-Reset`. A malformed field is ignored as a whole, and so is a quota of anything but requests.
 * @param now epoch ms, for moments where the answer has no `Date`
 */
export function statedLimits(headers: AnswerHeaders, now: number): StatedLimits {
  const suppliersNow = httpDate(headers['date']) ?? now;
  const named = namedPolicies(headers['ratelimit-policy']);
  const policies = [...named.values()].filter((policy) => policy !== null);
  const rests: StatedRest[] = [];
  for (const { name, parameters } of list(headers['ratelimit']) ?? []) {
    const [remaining, seconds] = [parameters.get('r'), parameters.get('t')];
    const policy = named.get(name);
    if (!isWhole(remaining) || !isWhole(seconds) || policy === null) continue;
    rests.push({ remaining, forMs: seconds * 1_000, windowMs: policy?.windowMs ?? null });
  }
  const consider = (limit: number | null, remaining: number | null, forMs: number | null): void => {
    if (limit !== null && limit >= 1) policies.push({ limit, windowMs: null });
    if (remaining !== null && forMs !== null) rests.push({ remaining, forMs, windowMs: null });
  };
  const old = headers['ratelimit'] ?? '';
  const inOld = (what: string): string | undefined => parameter(old, what);
  consider(wholeSeconds(inOld('limit')), wholeSeconds(inOld('remaining')), resetWait(inOld('reset'), suppliersNow));
  for (const prefix of ['ratelimit', 'x-ratelimit', 'x-rate-limit']) {
    consider(
      wholeSeconds(headers[`${prefix}-limit`]),
      wholeSeconds(headers[`${prefix}-remaining`]),
      resetWait(headers[`${prefix}-reset`], suppliersNow),
    );
  }
  return { policies, rests };
}

/** Null where a policy is about something else than requests. */
function namedPolicies(field: string | undefined): Map<string, StatedPolicy | null> {
  const policies = new Map<string, StatedPolicy | null>();
  for (const { name, parameters } of list(field) ?? []) {
    const [limit, seconds, unit = 'requests'] = [parameters.get('q'), parameters.get('w'), parameters.get('qu')];
    const isUsable = isWhole(limit) && limit >= 1 && unit === 'requests';
    policies.set(
      name,
      isUsable ? { limit, windowMs: isWhole(seconds) && seconds >= 1 ? seconds * 1_000 : null } : null,
    );
  }
  return policies;
}

interface Member {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string | number>;
}

const FIELD_LENGTH_AT_MOST = 4_000;
const MEMBERS_AT_MOST = 20;

/** One item of a list of RFC 9651, as far as these fields use it: a string or token, with parameters. */
const MEMBER = /[ \t]*(?:"((?:[ !#-[\]-~]|\\["\\])*)"|([A-Za-z*][\w:/!#$%&'*+.^`|~-]*))/y;
const PARAMETER =
  /;[ ]*([a-z*][a-z0-9_.*-]*)(?:=(?:"((?:[ !#-[\]-~]|\\["\\])*)"|(-?\d{1,15})(?![\d.])|:[A-Za-z0-9+/=]*:|\?[01]|([A-Za-z*][\w:/!#$%&'*+.^`|~-]*)))?/y;
const SEPARATOR = /[ \t]*(,|$)/y;

/** @returns null where the field is absent or no such list */
function list(field: string | undefined): Member[] | null {
  if (field === undefined || field.length > FIELD_LENGTH_AT_MOST) return null;
  const members: Member[] = [];
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(field);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (members.length < MEMBERS_AT_MOST) {
    const item = next(MEMBER);
    if (item === null) return null;
    const parameters = new Map<string, string | number>();
    for (let found = next(PARAMETER); found !== null; found = next(PARAMETER)) {
      const [, name = '', text, digits, token] = found;
      parameters.set(name, digits === undefined ? (text ?? token ?? '') : Number(digits));
    }
    members.push({ name: item[1] ?? item[2] ?? '', parameters });
    const separator = next(SEPARATOR);
    if (separator === null) return null;
    if (separator[1] === '') return members;
  }
  return null;
}

function isWhole(value: string | number | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}
