import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { Database } from '../store/database.ts';
import type { BudgetLog } from '../redis/budget-log.ts';
import { releaseLease, renewLease, takeLease } from '../store/leases.ts';

/** The right to be the only process on a database. */
export interface OnlyProcess {
  /** False from the moment when another process may have taken the place, also where this one was stopped and knows nothing yet. */
  isHeld(): boolean;
  release(): Promise<void>;
}

export interface OnlyProcessDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly owner: string;
  /** Another process has the place; it is waited for a while. */
  readonly onWaiting: () => void;
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
  let renewedAt = clock.now();
  let lease = await takeLease(db, LEASE, owner, renewedAt, HELD_FOR_MS);
  if (lease === null) deps.onWaiting();
  while (lease === null) {
    if (clock.now() > giveUpAt) {
      await db.close();
      throw alreadyRunning();
    }
    await clock.sleep(LOOK_EVERY_MS);
    renewedAt = clock.now();
    lease = await takeLease(db, LEASE, owner, renewedAt, HELD_FOR_MS);
  }
  const held = lease;
  const ended = new AbortController();
  const isHeld = (): boolean => clock.now() < renewedAt + HELD_FOR_MS;
  const renew = async (): Promise<boolean> => {
    const startedAt = clock.now();
    const isOurs = await renewLease(db, held, startedAt, HELD_FOR_MS);
    if (isOurs) renewedAt = startedAt;
    return isOurs;
  };
  const isAtRisk = (): boolean => clock.now() > renewedAt + HELD_FOR_MS - RENEW_EVERY_MS;
  const lose = (): void => {
    renewedAt = -Infinity;
    deps.onLost();
  };
  const renewing = keep(clock, renew, isAtRisk, lose, ended.signal);
  return {
    isHeld,
    async release() {
      ended.abort();
      await renewing;
      await releaseLease(db, held).catch(() => undefined);
    },
  };
}

/** The same log of calls; it grants none while the place is not surely held. */
export function grantingWhileHeld(budgetLog: BudgetLog, only: OnlyProcess): BudgetLog {
  return {
    take: (asked) => (only.isHeld() ? budgetLog.take(asked) : Promise.reject(placeLost())),
    settle: (permit, windows) => budgetLog.settle(permit, windows),
    leave: (group, asker) => budgetLog.leave(group, asker),
    pause: (scope, forMs) => budgetLog.pause(scope, forMs),
    usage: (group, windows, scopes) => budgetLog.usage(group, windows, scopes),
    beginRestore: (group, windows) => budgetLog.beginRestore(group, windows),
    restore: (group, marker, windows, entries) => budgetLog.restore(group, marker, windows, entries),
    doubt: (windows) => budgetLog.doubt(windows),
  };
}

export function placeLost(): GatewayError {
  return new GatewayError(
    'STORE_UNAVAILABLE',
    'This process could not keep its place as the only one on its database: it was stopped for too long, or the database did not answer. ' +
      'Another may have taken over, so it calls no supplier any more and ends. Start it again, or set REDIS_URL to run several.',
  );
}

async function keep(
  clock: Clock,
  renew: () => Promise<boolean>,
  isAtRisk: () => boolean,
  lose: () => void,
  ended: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(RENEW_EVERY_MS, ended);
    if (ended.aborted) return;
    const isStillOurs = await renew().catch(() => null);
    if (isStillOurs === false || isAtRisk()) return lose();
  }
}

function alreadyRunning(): GatewayError {
  return new GatewayError(
    'CONFIG_INVALID',
    'Another gateway process is using this database. Without Redis there can be only one, since supplier calls are counted in its memory: ' +
      'stop the other one, or set REDIS_URL for both.',
  );
}
