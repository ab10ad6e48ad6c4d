import type { Logger } from 'pino';
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
  /** Forgets what was loaded: each event of a subscription is answered from the present. */
  renewReads(): void;
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

export function createContext(deps: ContextDeps, caller: Caller): RequestContext {
  const context: RequestContext = {
    reads: deps.reader.session(),
    renewReads() {
      context.reads = deps.reader.session();
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
