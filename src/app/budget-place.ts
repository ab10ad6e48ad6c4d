import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { BudgetLog, LogWindow } from '../redis/budget-log.ts';
import type { NamePlace } from '../redis/budget-place.ts';
import type { Database } from '../store/database.ts';
import { joinLease, leaveLease, readLease } from '../store/leases.ts';

/**
 * Where the calls of one database are counted: in one Redis, under one prefix, or in the memory of the only process. Named in the
 * database, since two places at once would each let the whole limits through.
 */
export interface BudgetPlace {
  /** The same log of calls; it grants none while its place is not surely the one. */
  granting(budgetLog: BudgetLog): BudgetLog;
  release(): Promise<void>;
}

export interface BudgetPlaceDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  /** Null without Redis: then the caller holds the right to be the only such process. */
  readonly namePlace: NamePlace | null;
  readonly budgetLog: BudgetLog;
  /** Those whose past is in doubt where calls were counted elsewhere in the meantime. */
  readonly windows: readonly LogWindow[];
}

const LEASE = 'budget-place';
const MEMORY = 'memory';
const HELD_FOR_MS = 10_000;
const RENEW_EVERY_MS = 2_500;
const LOOK_EVERY_MS = 100;
/** For Redis to be reached at the start; without it nothing is granted until it is. */
const REACH_WITHIN_MS = 1_500;

type Joined = 'joined' | 'elsewhere' | 'unreachable';

/** @throws GatewayError CONFIG_INVALID where calls of this database are counted elsewhere, and go on being so */
export async function joinBudgetPlace(deps: BudgetPlaceDeps): Promise<BudgetPlace> {
  const { clock } = deps;
  const membership = createMembership(deps);
  const startedAt = clock.now();
  for (;;) {
    const joined = await membership.join();
    const triedMs = clock.now() - startedAt;
    if (joined === 'joined' || (joined === 'unreachable' && triedMs > REACH_WITHIN_MS)) break;
    if (triedMs > HELD_FOR_MS + RENEW_EVERY_MS) throw countedElsewhere();
    await clock.sleep(LOOK_EVERY_MS);
  }
  const ended = new AbortController();
  const renewing = keep(deps, membership, ended.signal);
  return {
    granting: (budgetLog) => grantingInPlace(budgetLog, membership),
    async release() {
      ended.abort();
      await renewing;
      if (deps.namePlace === null) await leaveLease(deps.db, LEASE, MEMORY).catch(() => undefined);
    },
  };
}

interface Membership {
  join(): Promise<Joined>;
  isHeld(): boolean;
}

function createMembership({ db, clock, newId, namePlace, budgetLog, windows }: BudgetPlaceDeps): Membership {
  let joinedAt = -Infinity;
  let ownName: string | null = null;

  /** A Redis without a name is given the one it had, or a new one where no place is alive; else it is looked at again. */
  const nameNow = async (isAlive: boolean): Promise<string | null> => {
    if (namePlace === null) return MEMORY;
    ownName = await namePlace(ownName ?? (isAlive ? null : newId()));
    return ownName;
  };
  return {
    isHeld: () => clock.now() < joinedAt + HELD_FOR_MS,
    async join() {
      const now = clock.now();
      const held = await readLease(db, LEASE);
      const isAlive = held !== null && held.heldUntil > now;
      const name = await nameNow(isAlive).catch(() => undefined);
      if (name === undefined) return 'unreachable';
      if (name === null || (isAlive && held.owner !== name)) return 'elsewhere';
      // Before the place is taken: until then nobody is granted anything here.
      if (held?.owner !== name) {
        const isDoubted = await budgetLog.doubt(windows).then(
          () => true,
          () => false,
        );
        if (!isDoubted) return 'unreachable';
      }
      if (!(await joinLease(db, LEASE, name, now, HELD_FOR_MS))) return 'elsewhere';
      joinedAt = now;
      return 'joined';
    },
  };
}

async function keep({ clock, log }: BudgetPlaceDeps, membership: Membership, ended: AbortSignal): Promise<void> {
  let last: Joined | 'failed' = 'joined';
  for (;;) {
    await clock.sleep(RENEW_EVERY_MS, ended);
    if (ended.aborted) return;
    const joined = await membership.join().catch(() => 'failed' as const);
    if (joined === 'elsewhere' && last !== joined)
      log.error({ reason: countedElsewhere().message }, 'no supplier is called');
    last = joined;
  }
}

function grantingInPlace(budgetLog: BudgetLog, membership: Membership): BudgetLog {
  return {
    async take(asked) {
      if (!membership.isHeld() && (await membership.join()) === 'elsewhere') throw countedElsewhere();
      if (!membership.isHeld()) throw new Error('Redis or the database did not answer in time.');
      return budgetLog.take(asked);
    },
    settle: (permit, windows) => budgetLog.settle(permit, windows),
    leave: (group, asker) => budgetLog.leave(group, asker),
    pause: (scope, forMs) => budgetLog.pause(scope, forMs),
    usage: (group, windows, scopes) => budgetLog.usage(group, windows, scopes),
    beginRestore: (group, windows) => budgetLog.beginRestore(group, windows),
    restore: (group, marker, windows, entries) => budgetLog.restore(group, marker, windows, entries),
    doubt: (windows) => budgetLog.doubt(windows),
  };
}

function countedElsewhere(): GatewayError {
  return new GatewayError(
    'CONFIG_INVALID',
    'Supplier calls of this database are counted elsewhere: other gateway processes use it with another Redis, another prefix, or ' +
      'without Redis. Give all of them the same REDIS_URL and prefix, or stop them; a process that was killed is forgotten after 10 s.',
  );
}
