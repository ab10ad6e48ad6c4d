import { GatewayError } from '../domain/gateway-error.ts';
import { errorAnswer, jsonAnswer, type Answer } from './answer.ts';
import { MAX_LOGGED, type LoggedRequest } from './request-log.ts';
import { FAULT_KINDS, type FaultSpec } from './faults.ts';
import { PRICE_FIELDS, type WirePrices } from './prices.ts';
import type { DataRequest } from './routes.ts';
import type { WireQuantity } from './stock.ts';
import type { CatalogChange } from './supply.ts';
import type { Verdict } from './verdict.ts';

/** What a test does to the supplier behind its back. None of it is counted. The same over HTTP under `/_sandbox`. */
export interface SandboxControl {
  verdict(): Verdict;
  /** The newest first; at most 1,000 are kept. */
  requests(limit?: number): readonly LoggedRequest[];
  addFault(spec: FaultSpec): void;
  clearFaults(): void;
  setStock(id: string, location: string, quantity: WireQuantity): void;
  moveStock(count: number): void;
  setPrices(id: string, prices: Partial<WirePrices>): void;
  setCatalog(id: string, change: CatalogChange): void;
  setRemoved(id: string, isRemoved: boolean): void;
  /** As it was at the start, stamped as changed now. Tokens, faults and the verdict's counts are forgotten. */
  reset(): void;
}

export const CONTROL_PREFIX = '/_sandbox/';
const MAX_MOVES = 1_000_000;

export function answerControl(control: SandboxControl, request: DataRequest): Answer {
  try {
    const route = ROUTES[`${request.method} ${request.path.slice(CONTROL_PREFIX.length)}`];
    if (route === undefined) return errorAnswer(404, 'not_found', `See src/sandbox/README.md: no ${request.path}.`);
    return jsonAnswer(route(control, request) ?? { done: true });
  } catch (error) {
    if (error instanceof GatewayError) return errorAnswer(400, 'bad_request', error.message);
    throw error;
  }
}

type Route = (control: SandboxControl, request: DataRequest) => unknown;

const ROUTES: Readonly<Record<string, Route>> = {
  'GET verdict': (control) => control.verdict(),
  'GET requests': (control, { query }) => ({
    data: control.requests(inRange('limit', Number(query.get('limit') ?? 100), 1, MAX_LOGGED)),
  }),
  'POST faults': (control, { body }) => control.addFault(readFault(body)),
  'DELETE faults': (control) => control.clearFaults(),
  'POST stock': (control, { body }) => {
    const { id, location, quantity } = readFields(body);
    control.setStock(text('id', id), text('location', location), readQuantity(quantity));
  },
  'POST stock/move': (control, { body }) => {
    control.moveStock(inRange('count', readFields(body)['count'], 1, MAX_MOVES));
  },
  'POST prices': (control, { body }) => {
    const { id, ...prices } = readFields(body);
    refuseOthers(prices, PRICE_FIELDS);
    control.setPrices(text('id', id), prices);
  },
  'POST catalog': (control, { body }) => {
    const { id, removed, ...change } = readFields(body);
    refuseOthers(change, CATALOG_FIELDS);
    if (removed !== undefined) control.setRemoved(text('id', id), removed === true);
    if (Object.keys(change).length > 0) control.setCatalog(text('id', id), change);
  },
  'POST reset': (control) => control.reset(),
};

const CATALOG_FIELDS = ['brand', 'part_number', 'title', 'pack_quantity', 'discontinued', 'superseded_by'];

function readFault(body: string): FaultSpec {
  const fields = readFields(body);
  const kind = FAULT_KINDS.find((known) => known === fields['kind']);
  if (kind === undefined) throw bad(`kind must be one of ${FAULT_KINDS.join(', ')}.`);
  refuseOthers(fields, ['kind', 'count', 'forMs', 'path', 'delayMs', 'retryAfterSeconds', 'afterHeaders']);
  for (const name of ['count', 'forMs', 'delayMs', 'retryAfterSeconds']) {
    if (fields[name] !== undefined) inRange(name, fields[name], 0, Number.MAX_SAFE_INTEGER);
  }
  if (fields['path'] !== undefined) text('path', fields['path']);
  return { ...fields, kind };
}

function readFields(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body === '' ? '{}' : body);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Said below, as for every other body that is no object.
  }
  throw bad('Send a JSON object.');
}

function refuseOthers(fields: object, known: readonly string[]): void {
  const other = Object.keys(fields).find((field) => !known.includes(field));
  if (other !== undefined) throw bad(`There is no field ${other}: use ${known.join(', ')}.`);
}

function readQuantity(value: unknown): WireQuantity {
  if (value === null || typeof value === 'number' || typeof value === 'string') return value;
  throw bad('quantity must be a number, a text or null.');
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw bad(`${name} must be a text.`);
}

function inRange(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most && Number.isInteger(value)) return value;
  throw bad(`${name} must be a whole number from ${least} to ${most}.`);
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_USER_INPUT', message);
}
