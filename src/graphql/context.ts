import type { Logger } from 'pino';
import { GatewayError } from '../domain/gateway-error.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { ChangeFeed } from '../inventory/change-feed.ts';
import type { Reader, ReadSession } from '../inventory/read.ts';
import type { RefreshJobs } from '../inventory/refresh-jobs.ts';
import type { Quotas } from '../outbound/quota.ts';

/** Who asks. Jobs and idempotency keys belong to a caller; scopes say what it may see. */
export interface Caller {
  readonly id: string;
  readonly scopes: ReadonlySet<string>;
}

/** A caller without a name: all there are, until callers are told apart. */
export function anonymousCaller(scopes: readonly string[]): Caller {
  return { id: 'anonymous', scopes: new Set(scopes) };
}

/** Everything a resolver may use; one for each operation. */
export interface RequestContext {
  /** What this operation has loaded it does not load again. */
  reads: ReadSession;
  /** Forgets what was loaded and counted: each event of a subscription is answered from the present. */
  renewReads(): void;
  /**
   * Counts a list that goes into the answer, and hands it on.
   * @throws GatewayError BAD_USER_INPUT where the answer would hold more than `ANSWER_OBJECTS` objects
   */
  counted<T>(list: readonly T[]): readonly T[];
  readonly jobs: RefreshJobs;
  readonly changes: ChangeFeed;
  readonly suppliers: readonly SupplierId[];
  readonly quotas: Quotas;
  readonly caller: Caller;
  readonly log: Logger;
}

export interface ContextDeps {
  readonly reader: Reader;
  readonly jobs: RefreshJobs;
  readonly changes: ChangeFeed;
  /** The suppliers as configured. */
  readonly suppliers: readonly SupplierId[];
  readonly quotas: Quotas;
  readonly log: Logger;
}

/** What one answer may hold. The text of a query does not tell how long its lists become. */
export const ANSWER_OBJECTS = 20_000;

export function createContext(deps: ContextDeps, caller: Caller): RequestContext {
  let objects = 0;
  const context: RequestContext = {
    reads: deps.reader.session(),
    renewReads() {
      context.reads = deps.reader.session();
      objects = 0;
    },
    counted(list) {
      objects += list.length;
      if (objects > ANSWER_OBJECTS) throw tooLarge();
      return list;
    },
    jobs: deps.jobs,
    changes: deps.changes,
    suppliers: deps.suppliers,
    quotas: deps.quotas,
    caller,
    log: deps.log,
  };
  return context;
}

function tooLarge(): GatewayError {
  return new GatewayError(
    'BAD_USER_INPUT',
    `The answer would hold more than ${ANSWER_OBJECTS} objects: ask for fewer parts at a time, or for fewer of their lists.`,
  );
}
