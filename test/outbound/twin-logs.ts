import { isDeepStrictEqual } from 'node:util';
import { memoryBudgetLog } from '../../src/redis/budget-log-memory.ts';
import { redisBudgetLog, type BudgetLog, type Take, type Taken } from '../../src/redis/budget-log.ts';
import type { Redis } from '../../src/redis/connection.ts';
import { immediate } from './virtual-time.ts';

/** One budget log made of both twins on one hand-turned clock: each is asked everything and both must decide alike. */
export interface TwinLogs extends BudgetLog {
  /** Both are lost; empty ones with a clock ahead of the model's by so much take their place. */
  lose(storeAheadMs: number): void;
  /** What must not have happened, in words. */
  readonly faults: readonly string[];
  /** True after the server was asked and did not answer in time: what it did is unknown, so the twins may differ. */
  isServerLate(): boolean;
}

/** A hand-turned clock in Redis, read by the scripts instead of the server's own; one for each model that runs. */
export interface ClockInRedis {
  /** For the scripts, see `luaScript`. */
  readonly expression: string;
  /** Commands sent later see this time. Not waited for: one connection keeps their order. */
  turn(nowMs: number): void;
}

export function clockInRedis(client: Redis, prefix: string): ClockInRedis {
  const keys = [`${prefix}seconds`, `${prefix}microseconds`] as const;
  let last = -1;
  return {
    expression: `redis.call('MGET', '${keys[0]}', '${keys[1]}')`,
    turn(nowMs) {
      if (nowMs === last) return;
      last = nowMs;
      const seconds = Math.floor(nowMs / 1_000);
      const microseconds = Math.round((nowMs - seconds * 1_000) * 1_000);
      client.mSet([keys[0], String(seconds), keys[1], String(microseconds)]).catch(() => undefined);
    },
  };
}

/** Knows when every question to a server is answered. */
export interface InFlight {
  during<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way, nor follows at once from what was. */
  rest(): Promise<void>;
}

export function inFlight(): InFlight {
  let count = 0;
  let wake = (): void => undefined;
  return {
    async during(work) {
      count += 1;
      try {
        return await work;
      } finally {
        count -= 1;
        if (count === 0) wake();
      }
    },
    async rest() {
      await immediate();
      while (count > 0) {
        await new Promise<void>((resolve) => (wake = resolve));
        await immediate();
      }
    },
  };
}

/** Counted for each model that a slow server made void. */
export const SERVER_LATE = 'server late';

export interface TwinParts {
  readonly client: Redis;
  readonly prefix: string;
  readonly clock: ClockInRedis;
  readonly now: () => number;
  readonly flight: InFlight;
  readonly count: (event: string) => void;
}

export function twinLogs(parts: TwinParts): TwinLogs {
  const { now, flight, count } = parts;
  const faults: string[] = [];
  let generation = 0;
  let aheadMs = 0;
  let memory = memoryBudgetLog(() => now());
  let redis = redisBudgetLog(parts.client, `${parts.prefix}0:`, parts.clock.expression);
  let lanes = laneJudge();
  let isLate = false;
  const markers = new Map<string, string>();

  /** Asks both in one moment; what they say must be the same, but for markers of their own. */
  const both = async <T>(what: string, ask: (log: BudgetLog, name: 'memory' | 'redis') => Promise<T>): Promise<T> => {
    parts.clock.turn(now() + aheadMs);
    const answers = flight.during(Promise.all([ask(memory, 'memory'), ask(redis, 'redis')]));
    const [said, other] = await answers.catch((error: unknown) => {
      if (!isLate) count(SERVER_LATE);
      isLate = true;
      throw error;
    });
    if (!isDeepStrictEqual(said, other)) {
      faults.push(`${what}: memory says ${JSON.stringify(said)}, Redis says ${JSON.stringify(other)}`);
    }
    return said;
  };

  return {
    faults,
    isServerLate: () => isLate,
    lose(storeAheadMs) {
      generation += 1;
      aheadMs = storeAheadMs;
      const ahead = aheadMs;
      memory = memoryBudgetLog(() => now() + ahead);
      redis = redisBudgetLog(parts.client, `${parts.prefix}${generation}:`, parts.clock.expression);
      lanes = laneJudge();
    },
    async take(take) {
      const judge = lanes;
      const taken = await both('take', (log) => log.take(take));
      count(taken.outcome === 'refused' ? `refused by a ${taken.by.kind}` : taken.outcome);
      const { fault, isOvertaking } = judge.took(take, taken);
      if (fault !== null) faults.push(fault);
      if (isOvertaking) count('a higher lane passed a waiting one');
      return taken;
    },
    async settle(permit, windows) {
      const judge = lanes;
      const at = await both('settle', (log) => log.settle(permit, windows));
      judge.settled(permit, windows, at);
      return at;
    },
    async leave(group, asker) {
      lanes.left(asker);
      await both('leave', (log) => log.leave(group, asker));
    },
    pause(scope, forMs) {
      const judge = lanes;
      return both('pause', (log) => log.pause(scope, forMs)).then((until) => {
        judge.paused(scope, until);
        return until;
      });
    },
    usage: (group, windows, scopes) => both('usage', (log) => log.usage(group, windows, scopes)),
    async beginRestore(group, windows) {
      const own = { memory: '', redis: '' };
      const begun = await both('beginRestore', async (log, name) => {
        const answer = await log.beginRestore(group, windows);
        if (answer === 'alreadyKnown') return answer;
        own[name] = answer.marker;
        return { at: answer.at };
      });
      if (begun === 'alreadyKnown') return begun;
      markers.set(own.memory, own.redis);
      return { marker: own.memory, at: begun.at };
    },
    async restore(group, marker, windows, entries) {
      const markerOf = { memory: marker, redis: markers.get(marker) ?? '' };
      const outcome = await both('restore', (log, name) => log.restore(group, markerOf[name], windows, entries));
      count(outcome === 'lost' ? 'a second loss while restoring' : 'restored');
      if (outcome === 'restored' && entries.length > 0) count('restored with past calls');
      return outcome;
    },
    doubt: (windows) => both('doubt', (log) => log.doubt(windows)),
  };
}

interface LaneJudge {
  took(take: Take, taken: Taken): { fault: string | null; isOvertaking: boolean };
  settled(permit: string, windows: readonly { key: string; windowMs: number }[], at: number): void;
  left(asker: string): void;
  paused(scope: string, until: number): void;
}

/**
 * Watches the order of grants, from the outside: with no more knowledge than what askers were told. Nobody is granted a place of
 * a window for which more urgent ones stand in line, unless a place is left for each of these; nobody is granted in a pause.
 * Only askers that wait for a single window are sure to stand in its line.
 */
function laneJudge(): LaneJudge {
  const waiting = new Map<string, { key: string; rank: number; aliveUntil: number }>();
  const occupied = new Map<string, Map<string, number>>();
  const pauses = new Map<string, number>();
  const permitsOf = (key: string): Map<string, number> => {
    const known = occupied.get(key) ?? new Map<string, number>();
    occupied.set(key, known);
    return known;
  };
  return {
    took(take, taken) {
      const { asker, windows, lineMs } = take;
      waiting.delete(asker.id);
      if (taken.outcome === 'refused' && taken.by.kind === 'window' && windows.length === 1 && lineMs > 0) {
        waiting.set(asker.id, { key: taken.by.key, rank: asker.rank, aliveUntil: taken.at + lineMs });
      }
      if (taken.outcome !== 'granted') return { fault: null, isOvertaking: false };
      let fault: string | null = null;
      let isOvertaking = false;
      for (const { key, limit, windowMs } of windows) {
        const permits = permitsOf(key).set(take.permit, taken.at + take.holdMs + windowMs);
        const free = limit - [...permits.values()].filter((until) => until > taken.at).length;
        const inLine = [...waiting.values()].filter((one) => one.key === key && one.aliveUntil > taken.at);
        const before = inLine.filter(({ rank }) => rank < asker.rank).length;
        if (before > 0 && free < before)
          fault = `rank ${asker.rank} took a place of ${key} for which ${before} more urgent ones stand`;
        if (inLine.some(({ rank }) => rank > asker.rank)) isOvertaking = true;
      }
      if (take.scopes.some((scope) => (pauses.get(scope) ?? 0) > taken.at)) fault = `granted in a pause at ${taken.at}`;
      return { fault, isOvertaking };
    },
    settled(permit, windows, at) {
      for (const { key, windowMs } of windows) {
        const until = permitsOf(key).get(permit);
        if (until === undefined) continue;
        if (windowMs === 0) permitsOf(key).delete(permit);
        else permitsOf(key).set(permit, Math.min(until, at + windowMs));
      }
    },
    left: (asker) => void waiting.delete(asker),
    paused: (scope, until) => void pauses.set(scope, Math.max(until, pauses.get(scope) ?? 0)),
  };
}
