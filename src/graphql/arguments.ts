import { GatewayError } from '../domain/gateway-error.ts';
import { searchForm } from '../domain/identity.ts';
import type { ChangeFilter } from '../inventory/change-feed.ts';
import { NO_WISH, type FreshnessWish } from '../inventory/freshness-policy.ts';
import type { FreshnessInput, InputMaybe, PartFilter, StockFilter } from './generated.ts';
import { keyOf } from './ids.ts';

/** Longest list a client may send, and longest page it may ask for. */
export const MAX_LIST_LENGTH = 250;

const MAX_AGE_MS = 365 * 86_400_000;
const MAX_WAIT_MS = 30_000;

/**
 * Bounds a page.
 * @throws GatewayError BAD_USER_INPUT
 */
export function pageLength(first: number): number {
  if (first >= 1 && first <= MAX_LIST_LENGTH) return first;
  throw refuse(`\`first\` is ${first}; it takes 1 to ${MAX_LIST_LENGTH}. Ask for further pages with \`after\`.`);
}

/**
 * Bounds a list of the client's.
 * @throws GatewayError BAD_USER_INPUT
 */
export function boundedList<T>(name: string, list: readonly T[]): readonly T[] {
  if (list.length <= MAX_LIST_LENGTH) return list;
  throw refuse(`\`${name}\` has ${list.length} entries; at most ${MAX_LIST_LENGTH} are taken. Split the request.`);
}

/**
 * What the caller says about age; what it leaves out, the supplier's profile says.
 * @throws GatewayError BAD_USER_INPUT
 */
export function freshnessWish(input: InputMaybe<FreshnessInput>): FreshnessWish {
  if (!input) return NO_WISH;
  const maxAgeMs = input.maxAge ?? null;
  const waitUpToMs = input.waitUpTo ?? null;
  if (maxAgeMs !== null && maxAgeMs > MAX_AGE_MS) throw refuse('`maxAge` takes at most P365D.');
  if (waitUpToMs !== null && waitUpToMs > MAX_WAIT_MS) throw refuse('`waitUpTo` takes at most PT30S.');
  return { maxAgeMs, onStale: input.onStale, waitUpToMs };
}

/**
 * A filter of stock changes, with keys in place of ids.
 * @throws GatewayError BAD_USER_INPUT
 */
export function changeFilter(input: InputMaybe<StockFilter>): ChangeFilter {
  const parts = input?.parts;
  const suppliers = input?.suppliers;
  return {
    ...(parts && { partIds: boundedList('filter.parts', parts).map((id) => keyOf('part', id)) }),
    ...(suppliers && { suppliers: boundedList('filter.suppliers', suppliers).map((id) => keyOf('supplier', id)) }),
  };
}

/**
 * The beginning of a part number to look for; null for any.
 * @throws GatewayError BAD_USER_INPUT
 */
export function numberStart(input: InputMaybe<PartFilter>): string | null {
  const start = input?.partNumberStartsWith ?? null;
  if (start === null || searchForm(start) !== '') return start;
  throw refuse('`partNumberStartsWith` needs at least one letter or digit; leave it out for all parts.');
}

function refuse(message: string): GatewayError {
  return new GatewayError('BAD_USER_INPUT', message);
}
