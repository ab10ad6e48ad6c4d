import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { Database } from '../store/database.ts';
import { releaseLease, renewLease, takeLease } from '../store/leases.ts';

/** The right to be the only process on a database. */
export interface OnlyProcess {
  release(): Promise<void>;
}

export interface OnlyProcessDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly owner: string;
  /** The right is lost or cannot be renewed in time: no supplier may be called from here any more. */
  readonly onLost: () => void;
}

const LEASE = 'only-process';
const HELD_FOR_MS = 10_000;
const RENEW_EVERY_MS = 2_500;
const LOOK_EVERY_MS = 500;

/**
 * Without Redis, calls are counted in this process's memory: a second process on the same database would count for itself, and
 * both together could go over a supplier's limits. So there is one. A process that was killed is waited out.
 * @throws GatewayError CONFIG_INVALID where another process is running; the database is closed then
 */
export async function becomeOnlyProcess(deps: OnlyProcessDeps): Promise<OnlyProcess> {
  const { db, clock, owner } = deps;
  const giveUpAt = clock.now() + HELD_FOR_MS + RENEW_EVERY_MS;
  let lease = await takeLease(db, LEASE, owner, clock.now(), HELD_FOR_MS);
  while (lease === null) {
    if (clock.now() > giveUpAt) {
      await db.close();
      throw alreadyRunning();
    }
    await clock.sleep(LOOK_EVERY_MS);
    lease = await takeLease(db, LEASE, owner, clock.now(), HELD_FOR_MS);
  }
  const held = lease;
  const ended = new AbortController();
  const renewing = keep(deps, async () => renewLease(db, held, clock.now(), HELD_FOR_MS), ended.signal);
  return {
    async release() {
      ended.abort();
      await renewing;
      await releaseLease(db, held).catch(() => undefined);
    },
  };
}

async function keep(
  { clock, onLost }: OnlyProcessDeps,
  renew: () => Promise<boolean>,
  ended: AbortSignal,
): Promise<void> {
  let renewedAt = clock.now();
  for (;;) {
    await clock.sleep(RENEW_EVERY_MS, ended);
    if (ended.aborted) return;
    const startedAt = clock.now();
    const isStillOurs = await renew().catch(() => null);
    if (isStillOurs) renewedAt = startedAt;
    if (isStillOurs === false || clock.now() - renewedAt > HELD_FOR_MS - RENEW_EVERY_MS) return onLost();
  }
}

function alreadyRunning(): GatewayError {
  return new GatewayError(
    'CONFIG_INVALID',
    'Another gateway process is using this database. Without Redis there can be only one, since supplier calls are counted in its memory: ' +
      'stop the other one, or set REDIS_URL for both.',
  );
}
