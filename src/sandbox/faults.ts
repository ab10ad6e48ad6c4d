import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { errorAnswer, type Answer } from './answer.ts';
import { wireCount, type StockRow } from './stock.ts';

export const FAULT_KINDS = [
  'storm429',
  'errors500',
  'reset',
  'slow',
  'truncated',
  'html200',
  'emptyList',
  'duplicates',
  'reordered',
  'badRecord',
  'times100',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultSpec {
  readonly kind: FaultKind;
  /** Calls it befalls; without it, every call until `forMs` is over or the faults are deleted. */
  readonly count?: number;
  /** How long it lasts. */
  readonly forMs?: number;
  /** Only calls whose path begins so, e.g. `/v1/stock`. */
  readonly path?: string;
  /** `slow`: how long the answer is kept back; 10 seconds without it. */
  readonly delayMs?: number;
  /** `storm429`: its `Retry-After`; 5 without it, no header for 0. */
  readonly retryAfterSeconds?: number;
  /** `reset`: break off in the middle of the body, where else no byte is sent. */
  readonly afterHeaders?: boolean;
}

/** What is to go wrong; the first fault that fits a call befalls it. */
export interface Faults {
  add(spec: FaultSpec): void;
  clear(): void;
  take(path: string): FaultSpec | null;
}

const MAX_FAULTS = 100;

export function createFaults(clock: Clock): Faults {
  let active: { readonly spec: FaultSpec; left: number; readonly until: number }[] = [];
  return {
    add: (spec) => {
      if (active.length >= MAX_FAULTS) {
        throw new GatewayError('BAD_USER_INPUT', `There are ${MAX_FAULTS} faults already: delete them first.`);
      }
      active.push({ spec, left: spec.count ?? Infinity, until: clock.now() + (spec.forMs ?? Infinity) });
    },
    clear: () => void (active = []),
    take: (path) => {
      active = active.filter((fault) => fault.left > 0 && clock.now() < fault.until);
      const found = active.find((fault) => path.startsWith(fault.spec.path ?? '/'));
      if (found === undefined) return null;
      found.left -= 1;
      return found.spec;
    },
  };
}

/** The answer in place of, or made of, the right one. Faults of the connection itself (`reset`, `slow`, `truncated`) change nothing here. */
export function spoil(answer: Answer, fault: FaultSpec): Answer {
  switch (fault.kind) {
    case 'storm429': {
      const seconds = fault.retryAfterSeconds ?? 5;
      const headers = seconds > 0 ? { 'Retry-After': String(seconds) } : {};
      return errorAnswer(429, 'too_many_requests', 'A fault says so, not your number of calls.', headers);
    }
    case 'errors500':
      return errorAnswer(500, 'internal_error', 'A fault says so.');
    case 'html200':
      return { status: 200, headers: {}, contentType: 'text/html', body: '<!doctype html><h1>Maintenance</h1>' };
    case 'reset':
    case 'slow':
    case 'truncated':
      return answer;
    case 'emptyList':
    case 'duplicates':
    case 'reordered':
    case 'badRecord':
    case 'times100':
      return { ...answer, body: spoilList(answer.body, fault.kind) };
  }
}

type ListFault = Extract<FaultKind, 'emptyList' | 'duplicates' | 'reordered' | 'badRecord' | 'times100'>;

interface ListBody {
  readonly data: readonly object[];
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly not_found?: readonly string[];
}

function spoilList(body: unknown, kind: ListFault): unknown {
  if (!isListBody(body)) return body;
  const { data } = body;
  switch (kind) {
    case 'emptyList':
      return emptied(body);
    case 'duplicates':
      return { ...body, data: [...data, ...data.slice(0, Math.ceil(data.length / 2))] };
    case 'reordered':
      return { ...body, data: [...data].reverse() };
    case 'badRecord':
      return { ...body, data: data.map((row, index) => (index === 0 ? { ...row, ...UNUSABLE } : row)) };
    case 'times100':
      return { ...body, data: data.map(times100) };
  }
}

/** Unusable in every list: a line without a brand, a level without a quantity that can be read, a price that is none. */
const UNUSABLE = { brand: null, levels: [{ location: 'BHM', quantity: 'call us' }], cost: 'POA' };

function isListBody(body: unknown): body is ListBody {
  return typeof body === 'object' && body !== null && 'data' in body && Array.isArray(body.data);
}

/** A list that claims to end here, with nothing in it. */
function emptied(body: ListBody): ListBody {
  if (body.meta === undefined) return { data: [], not_found: [] };
  return { data: [], meta: { ...body.meta, total_pages: body.meta['page'], total: 0 } };
}

function times100(row: object): object {
  if ('levels' in row) {
    const levels = (row as StockRow).levels.map((level) => {
      const count = wireCount(level.quantity);
      return count === null ? level : { ...level, quantity: count * 100 };
    });
    return { ...row, levels };
  }
  const raised = Object.entries(row).map(([field, value]: [string, unknown]): [string, unknown] =>
    isPlainAmount(field, value) ? [field, Number(value) * 100] : [field, value],
  );
  return Object.fromEntries(raised);
}

function isPlainAmount(field: string, value: unknown): boolean {
  return ['cost', 'jobber', 'map', 'retail', 'core'].includes(field) && /^\d+(?:\.\d+)?$/.test(String(value));
}
