import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { errorCode } from '../store/database.ts';
import type { Database } from '../store/database.ts';
import { releaseLease, renewLease, takeLease } from '../store/leases.ts';
import type { Lease } from '../store/leases.ts';

export interface HeldLease extends Lease {
  /** Aborts when another process has taken the lease over. */
  readonly lost: AbortSignal;
}

export interface LeaseDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly owner: string;
}

/** A dead process's work is taken over after this long. */
const LEASE_MS = 30_000;
const RENEW_EVERY_MS = LEASE_MS / 3;

/**
 * Does `work` while holding a lease, renewed beside it however long it takes, given back at its end.
 * @returns null, without working, where another holds the lease
 */
export async function holdLease<T>(
  deps: LeaseDeps,
  name: string,
  work: (held: HeldLease) => Promise<T>,
): Promise<T | null> {
  const lease = await takeLease(deps.db, name, deps.owner, deps.clock.now(), LEASE_MS);
  if (lease === null) return null;
  const lost = new AbortController();
  const ended = new AbortController();
  const renewing = keepRenewed(deps, lease, lost, ended.signal);
  try {
    return await work({ ...lease, lost: lost.signal });
  } finally {
    ended.abort();
    await renewing;
    await giveBack(deps, lease);
  }
}

async function keepRenewed(deps: LeaseDeps, lease: Lease, lost: AbortController, ended: AbortSignal): Promise<void> {
  for (;;) {
    await deps.clock.sleep(RENEW_EVERY_MS, ended);
    if (ended.aborted) return;
    try {
      if (await renewLease(deps.db, lease, deps.clock.now(), LEASE_MS)) continue;
      lost.abort();
      return;
    } catch (error) {
      // The database may be away for a moment; whether the lease is still ours is decided by its fence, at the next write.
      deps.log.warn({ lease: lease.name, code: errorCode(error) }, 'lease not renewed, trying again');
    }
  }
}

async function giveBack(deps: LeaseDeps, lease: Lease): Promise<void> {
  try {
    await releaseLease(deps.db, lease);
  } catch (error) {
    deps.log.warn({ lease: lease.name, code: errorCode(error) }, 'lease not given back, it ends by itself');
  }
}
