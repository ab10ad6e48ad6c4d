import { isJson } from './answer-body.ts';
import type { Health } from './breaker.ts';
import { httpDate, type Meaning } from './response.ts';
import { CallFailed, type SupplierAnswer, type SupplierRequest } from './supplier-call.ts';

/** An answer as it came. Times on our clock, epoch ms. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** How an attempt ended without an answer to hand on. */
export interface Failed {
  readonly failed: CallFailed;
  /** It may succeed a moment later. */
  readonly isRepeatable: boolean;
  /** What the breaker learns from it. */
  readonly health: Health;
  /** Null where no answer came. */
  readonly status: number | null;
}

export interface AnswerContext {
  readonly supplier: string;
  readonly account: string;
  readonly request: SupplierRequest;
  /** Without the query: it may name what nobody else should read. */
  readonly path: string;
  readonly meaning: Meaning;
  readonly retryAt: number | null;
  /** When the permit was granted, on the budget's clock. */
  readonly askedAt: number;
}

/** Kept of an unusable answer. */
const RAW_AT_MOST = 4_000;

/** Turns an answer into what the connector asked for, or into why it is not. */
export function readAnswer(context: AnswerContext, raw: RawAnswer): SupplierAnswer | Failed {
  const { supplier, request } = context;
  const failed = (failure: 'limited' | 'unreachable' | 'refused' | 'broken', message: string): CallFailed =>
    new CallFailed(failure, message, { retryAt: context.retryAt, raw: raw.text.slice(0, RAW_AT_MOST) });
  const answered = `${supplier} answered ${request.method} ${context.path} with ${raw.status}`;
  const ending = { isRepeatable: false, health: 'answered' as const, status: raw.status };
  switch (context.meaning) {
    case 'ok': {
      const body = bodyOf(request, raw);
      if (body === UNREADABLE) return { ...ending, failed: failed('broken', `${answered} and no JSON.`) };
      const { status, headers, sentAt } = raw;
      return { status, headers, body, sentAt, askedAt: context.askedAt, sentAtSupplier: sentAtSupplier(raw) };
    }
    case 'limited':
      return { ...ending, failed: failed('limited', `${answered}: it wants fewer calls, all processes pause.`) };
    case 'retry':
      return {
        ...ending,
        isRepeatable: true,
        health: 'failed',
        failed: failed('unreachable', `${answered}: it cannot answer now.`),
      };
    case 'refused':
      return {
        ...ending,
        failed: failed('refused', `${answered}. Check the credentials and grants of account ${context.account}.`),
      };
    case 'broken': {
      const isRedirect = raw.status >= 300 && raw.status < 400;
      return {
        ...ending,
        failed: failed('broken', `${answered}${isRedirect ? ', a redirect; none is followed' : ''}.`),
      };
    }
  }
}

const UNREADABLE = Symbol('unreadable');

function bodyOf(request: SupplierRequest, raw: RawAnswer): unknown {
  if (request.expects === 'text') return raw.text;
  // "No such part" may come without a word.
  if (raw.text === '' && request.alsoAnswers?.includes(raw.status) === true) return null;
  if (!isJson(raw.headers['content-type'])) return UNREADABLE;
  try {
    return JSON.parse(raw.text) as unknown;
  } catch {
    return UNREADABLE;
  }
}

/** `Date` is when the answer was made; the question was sent no earlier than that less the whole wait. */
function sentAtSupplier({ headers, sentAt, answeredAt }: RawAnswer): number {
  const date = httpDate(headers['date']);
  return date === null ? sentAt : date - Math.max(0, answeredAt - sentAt);
}
