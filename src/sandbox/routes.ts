import type { CallClass } from '../domain/profile.ts';
import { errorAnswer, jsonAnswer, type Answer } from './answer.ts';
import type { Listed, Listing, ListingAsk } from './listing.ts';
import type { Supply } from './supply.ts';

/** A call for data that has been let in. */
export interface DataRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** What the supplier allows in one call. */
export interface CallSizes {
  readonly pageSize: number;
  readonly bulkKeys: number;
}

export const TOKEN_PATH = '/oauth/token';
const BY_IDS_PATH = '/v1/stock/by-ids';

const CALL_CLASSES: Readonly<Record<string, CallClass>> = {
  [TOKEN_PATH]: 'token',
  '/v1/catalog': 'catalog',
  '/v1/stock': 'stock',
  [BY_IDS_PATH]: 'stockByIds',
  '/v1/prices': 'prices',
};

/** The class a call is counted in; `other` for what is not there. */
export function callClassOf(path: string): CallClass {
  return CALL_CLASSES[path] ?? 'other';
}

export function answerData(supply: Supply, sizes: CallSizes, request: DataRequest): Answer {
  const { method, path } = request;
  if (path === BY_IDS_PATH) {
    return method === 'POST' ? byIds(supply, sizes, request.body) : wrongMethod(path, 'POST');
  }
  const list = listAt(supply, path);
  if (list === null) return errorAnswer(404, 'not_found', `There is nothing at ${path}.`);
  return method === 'GET' ? listPage(list, sizes, request.query) : wrongMethod(path, 'GET');
}

function listAt(supply: Supply, path: string): Listing<Listed> | null {
  const lists: Readonly<Record<string, Pick<Listing<Listed>, 'page'>>> = {
    '/v1/catalog': supply.catalog,
    '/v1/stock': supply.stock,
    '/v1/prices': supply.prices,
  };
  return (lists[path] as Listing<Listed> | undefined) ?? null;
}

function listPage(list: Listing<Listed>, sizes: CallSizes, query: URLSearchParams): Answer {
  const ask = readAsk(query, sizes);
  if (typeof ask === 'string') return errorAnswer(400, 'bad_request', ask);
  const found = list.page(ask);
  if (found === null) {
    return errorAnswer(410, 'as_of_gone', 'This delta is no longer kept: ask for its page 1 again, without as_of.');
  }
  const meta = {
    page: ask.page,
    page_size: ask.pageSize,
    total_pages: Math.max(1, Math.ceil(found.total / ask.pageSize)),
    total: found.total,
    ...(found.asOf === null ? {} : { as_of: found.asOf }),
  };
  return jsonAnswer({ data: found.rows, meta });
}

/** @returns what is wrong, for a person, where something is */
function readAsk(query: URLSearchParams, { pageSize: maxPageSize }: CallSizes): ListingAsk | string {
  const page = wholeNumber(query.get('page') ?? '1');
  if (page === null) return 'page must be a whole number from 1.';
  const pageSize = wholeNumber(query.get('page_size') ?? String(maxPageSize));
  if (pageSize === null || pageSize > maxPageSize) return `page_size must be a whole number from 1 to ${maxPageSize}.`;
  const since = query.get('changed_since');
  const changedSince = since === null ? null : Date.parse(since);
  if (Number.isNaN(changedSince)) return 'changed_since must be a moment like 2026-03-01T12:00:00.000Z.';
  const asOf = query.get('as_of');
  if (asOf !== null && changedSince === null) return 'as_of goes with changed_since.';
  return { page, pageSize, changedSince, asOf };
}

function wholeNumber(text: string): number | null {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

function byIds(supply: Supply, { bulkKeys }: CallSizes, body: string): Answer {
  const ids = readIds(body);
  if (ids === null) return errorAnswer(400, 'bad_request', 'Send {"ids": ["000123", …]}: a list of texts.');
  if (ids.length > bulkKeys) {
    return errorAnswer(400, 'too_many_ids', `${ids.length} ids were asked for; at most ${bulkKeys} are answered.`);
  }
  const wanted = [...new Set(ids)];
  return jsonAnswer({
    data: wanted.flatMap((id) => supply.stock.get(id) ?? []),
    not_found: wanted.filter((id) => supply.stock.get(id) === undefined),
  });
}

function readIds(body: string): readonly string[] | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || !('ids' in parsed) || !Array.isArray(parsed.ids)) return null;
    const ids = parsed.ids as readonly unknown[];
    return ids.every((id) => typeof id === 'string') ? ids : null;
  } catch {
    return null;
  }
}

function wrongMethod(path: string, allowed: string): Answer {
  return errorAnswer(405, 'method_not_allowed', `${path} takes ${allowed} only.`, { Allow: allowed });
}
