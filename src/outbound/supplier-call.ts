import type { CallClass, Profile } from '../domain/profile.ts';
import type { Lane } from '../domain/lane.ts';
import type { StaleReason } from '../domain/freshness.ts';
import type { SupplierId } from '../domain/identity.ts';

/** One request to a supplier, as a connector states it. Credentials, limits, retries and time-outs are the gate's. */
export interface SupplierRequest {
  readonly callClass: CallClass;
  readonly method: 'GET' | 'POST';
  /** Relative to the supplier's base URL, e.g. `inventory/1,2,3`; or a pagination link, which must stay on the same origin. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Statuses beside 2xx that are answers for this request: a 404 that means "no such part". */
  readonly alsoAnswers?: readonly number[];
  readonly expects: 'json' | 'text';
}

export interface SupplierAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON where the request expects it (numbers as JSON.parse gives them), else the text. */
  readonly body: unknown;
  /** Our clock when the first byte was sent, epoch ms. */
  readonly sentAt: number;
  /**
   * When the call's permit was granted, on the budget's clock, epoch ms: one clock for all processes, so it orders answers. One whose
   * permit was granted after another answer came is later; of two calls in flight together the supplier may have seen either first.
   */
  readonly askedAt: number;
  /** The same moment on the supplier's clock, by its `Date` header where it sent one (exact to a second); else `sentAt`. */
  readonly sentAtSupplier: number;
}

/** A call bound to one supplier, account, lane and deadline. Rejects with `CallFailed` only. */
export type CallSupplier = (request: SupplierRequest) => Promise<SupplierAnswer>;

/** Everything the gate needs to know of a supplier; made in app.ts from connector + configuration. */
export interface SupplierConnection {
  readonly supplier: SupplierId;
  /** Whose credential: part of the budget's and the ledger's keys. */
  readonly account: string;
  /** Ends in `/`. */
  readonly baseUrl: string;
  readonly profile: Profile;
  readonly authentication: Authentication;
}

/** How a supplier knows us. Secrets are read anew for each use, so that a rotated one is taken up. */
export type Authentication =
  | { readonly kind: 'header'; readonly header: string; readonly prefix: string; readonly secret: () => string }
  | {
      readonly kind: 'clientCredentials';
      readonly tokenPath: string;
      /** The call class of token requests. */
      readonly callClass: CallClass;
      readonly sentAs: 'json' | 'form';
      readonly clientId: () => string;
      readonly clientSecret: () => string;
    };

export interface CallTerms {
  readonly lane: Lane;
  /** Epoch ms after which the caller no longer waits for a permit. */
  readonly deadline: number;
  readonly signal?: AbortSignal;
}

/** Why a call brought no answer; a closed set. */
export type CallFailure =
  /** The budget has no permit before the deadline. */
  | 'notNow'
  /** The place where the budget is kept cannot be reached: no call is made. */
  | 'budgetUnreachable'
  /** The supplier said 429, or a pause after one is still on. */
  | 'limited'
  /** The breaker is open, the address unreachable, or the connection broke. */
  | 'unreachable'
  | 'timedOut'
  /** 401, 403: credentials or grants. */
  | 'refused'
  /** An answer that cannot be read as what was asked for: wrong type, HTML with 200, too large, other 4xx. */
  | 'broken';

const STALE_REASON: Record<CallFailure, StaleReason> = {
  notNow: 'BUDGET_EXHAUSTED',
  budgetUnreachable: 'BUDGET_UNREACHABLE',
  limited: 'SUPPLIER_PAUSED',
  unreachable: 'SUPPLIER_UNREACHABLE',
  timedOut: 'TIMED_OUT',
  refused: 'SUPPLIER_REFUSED',
  broken: 'SUPPLIER_ANSWER_UNUSABLE',
};

export class CallFailed extends Error {
  readonly failure: CallFailure;
  /** When another try may succeed, whole epoch ms; null where unknown. */
  readonly retryAt: number | null;
  /** The first bytes of an unusable answer, for a dead letter; null elsewhere. */
  readonly raw: string | null;

  constructor(
    failure: CallFailure,
    message: string,
    options: { retryAt?: number | null; raw?: string | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CallFailed';
    this.failure = failure;
    const { retryAt = null } = options;
    this.retryAt = retryAt === null ? null : Math.ceil(retryAt);
    this.raw = options.raw ?? null;
  }

  get staleReason(): StaleReason {
    return STALE_REASON[this.failure];
  }
}

/** The one way out. */
export interface Gate {
  /** Binds calls to a supplier for one purpose. */
  callFor(connection: SupplierConnection, terms: CallTerms): CallSupplier;
}
