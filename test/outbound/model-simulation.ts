import type { Clock } from '../../src/domain/clock.ts';
import { createBudget, type Budget } from '../../src/outbound/budget.ts';
import type { Permit } from '../../src/outbound/permit.ts';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import type { BudgetLog } from '../../src/redis/budget-log.ts';
import type { CallLedger, LedgerCall } from '../../src/store/calls.ts';
import { connectionTo, silentLog } from './connections.ts';
import { PROCESSES, type Blow, type Caller, type Schedule } from './model-schedule.ts';
import { possibleViolations, violations, type Arrival, type PossibleCall } from './strict-judge.ts';
import { reachedBy } from './opened-log.ts';
import type { InFlight, TwinLogs } from './twin-logs.ts';
import { virtualTime } from './virtual-time.ts';

const START = 1_700_000_000_000;
/** Every caller has given up and every lease in the model is over long before. */
const RUN_MS = 90_000;

export interface World {
  readonly now: () => number;
  readonly flight: InFlight;
  readonly count: (event: string) => void;
}

/**
 * Plays a schedule through the real budget of several processes: what the gate does around a permit, with every delay, loss and
 * crash that the schedule has.
 * @returns what must not have happened, in words; empty where all is well
 */
export async function simulate(
  schedule: Schedule,
  flight: InFlight,
  count: (event: string) => void,
  makeLog: (now: () => number) => TwinLogs,
): Promise<string[]> {
  const time = virtualTime(START, () => flight.rest());
  const model = createModel(schedule, time.clock, count, makeLog(time.clock.now));
  for (const blow of schedule.blows) void time.clock.sleep(blow.atMs).then(() => strike(model, blow));
  for (const caller of schedule.callers) void time.clock.sleep(caller.startMs).then(() => makeCall(model, caller));
  await time.runUntil(START + RUN_MS);
  if (model.log.isServerLate()) return [];
  const calls = model.calls.toSorted((a, b) => a.order - b.order);
  return [
    ...model.faults,
    ...model.log.faults,
    ...possibleViolations(calls, schedule.profile),
    ...violations(model.arrivals, oursOf(schedule)),
  ];
}

interface Process {
  readonly budget: Budget;
  readonly clock: Clock;
  state: { isDead: boolean; clockAheadMs: number };
}

interface Model {
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly count: (event: string) => void;
  readonly log: TwinLogs;
  readonly ledger: CallLedger;
  readonly processes: Process[];
  readonly start: () => Process;
  /** Calls that could have arrived, and how each did. */
  readonly calls: (PossibleCall & { readonly order: number })[];
  readonly arrivals: Arrival[];
  readonly faults: string[];
  /** The order in which permits were granted. */
  readonly granted: Map<string, { readonly order: number; readonly at: number }>;
  readonly away: { store: 'cutBefore' | 'cutAfter' | null; ledger: boolean };
  /** Permits whose call may be under way. */
  readonly held: Set<string>;
}

function createModel(schedule: Schedule, clock: Clock, count: Model['count'], log: TwinLogs): Model {
  let ids = 0;
  const away: Model['away'] = { store: null, ledger: false };
  const ledger = ledgerInMemory(() => away.ledger);
  const granted: Model['granted'] = new Map();
  const start = (): Process => {
    const state = { isDead: false, clockAheadMs: 0 };
    const own: Clock = { now: () => clock.now() + state.clockAheadMs, sleep: clock.sleep };
    const budgetLog = asReached(log, state, away, count, (permit) =>
      granted.set(permit, { order: granted.size, at: clock.now() }),
    );
    const budget = createBudget({
      budgetLog,
      ledger,
      clock: own,
      monotonic: clock.now,
      random: () => 0.5,
      newId: () => `id-${String((ids += 1)).padStart(6, '0')}`,
      log: silentLog,
    });
    return { budget, clock: own, state };
  };
  const processes = Array.from({ length: PROCESSES }, start);
  const books = { calls: [], arrivals: [], faults: [], granted, held: new Set<string>() };
  return { schedule, clock, count, log, ledger, processes, start, away, ...books };
}

async function strike({ clock, count, log, processes, start, away, held, schedule }: Model, blow: Blow): Promise<void> {
  const process = processes[blow.process];
  if (process === undefined) return;
  count(`blow: ${blow.kind}`);
  switch (blow.kind) {
    case 'flush':
      if (held.size > 0) count('flushed with calls under way');
      return log.lose(blow.storeAheadMs);
    case 'crash':
      process.state.isDead = true;
      processes[blow.process] = start();
      return;
    case 'cutBefore':
    case 'cutAfter':
      away.store = blow.kind;
      await clock.sleep(blow.lengthMs);
      away.store = null;
      return;
    case 'ledgerAway':
      away.ledger = true;
      await clock.sleep(blow.lengthMs);
      away.ledger = false;
      return;
    case 'pause': {
      const connection = connectionTo('http://nowhere/', { account: blow.account, profile: schedule.profile });
      return process.budget.pause(connection, blow.callClass, blow.lengthMs).catch(() => undefined);
    }
    case 'clockJump':
      process.state.clockAheadMs = blow.jumpMs;
  }
}

async function makeCall(model: Model, caller: Caller): Promise<void> {
  const process = model.processes[caller.process];
  if (process === undefined) return;
  const permit = await acquire(model, process, caller);
  if (permit === null) return;
  model.held.add(permit.id);
  await useUp(model, process, caller, permit);
  model.held.delete(permit.id);
}

async function acquire({ schedule, count, faults }: Model, process: Process, caller: Caller): Promise<Permit | null> {
  const connection = connectionTo('http://nowhere/', { account: caller.account, profile: schedule.profile });
  const terms = { lane: caller.lane, deadline: process.clock.now() + caller.patienceMs };
  try {
    return await process.budget.acquire(connection, caller.callClass, terms);
  } catch (error) {
    if (error instanceof CallFailed) count(`no permit: ${error.failure}`);
    else faults.push(`acquire failed with ${String(error)}`);
    return null;
  }
}

/** From the permit to its end, as in the gate: a row in the ledger, one last look at the permit's age, the bytes, the answer. */
async function useUp(model: Model, { budget, state }: Process, caller: Caller, permit: Permit): Promise<void> {
  const { clock, count, ledger, schedule } = model;
  const { callTimeoutMs, networkDelayMs } = schedule.profile;
  const settle = async (ending: 'answered' | 'begun' | 'unused'): Promise<void> => {
    const at = await budget.settle(permit, ending);
    if (at !== null) await ledger.complete(permit.id, at, null).catch(() => undefined);
  };
  await clock.sleep(caller.ledgerMs);
  // A row on its way is written although its process dies meanwhile.
  const isRecorded = await ledger.record({ ...permit, permit: permit.id }).then(
    () => true,
    () => false,
  );
  if (state.isDead) return count('crashed with a permit');
  if (!isRecorded || !budget.isFresh(permit)) {
    count(isRecorded ? 'permit too old' : 'ledger not written');
    return settle('unused');
  }
  const sendBefore = clock.now() + callTimeoutMs;
  await clock.sleep(caller.sendMs);
  if (state.isDead) return count('crashed with a permit');
  if (clock.now() >= sendBefore) {
    count('stopped for too long to send');
    return settle('answered');
  }
  const arriveAt = clock.now() + caller.way * (sendBefore - clock.now() + networkDelayMs);
  const doneAt = arriveAt + caller.workMs;
  // A supplier that works on after we gave up is beyond what a bound on calls in flight can promise.
  const call = book(model, caller, permit, arriveAt, Math.min(doneAt, Math.max(arriveAt, sendBefore)));
  call.arrivedBy = sendBefore + networkDelayMs;
  if (caller.ending === 'lost' || doneAt > sendBefore) return count('answer lost');
  await clock.sleep(doneAt - clock.now() + caller.stampMs);
  if (state.isDead) return count('crashed before the stamp');
  call.arrivedBy = Math.min(call.arrivedBy, clock.now());
  const isBroken = caller.ending === 'brokenOff';
  if (isBroken) count('answer broken off');
  await settle(isBroken ? 'begun' : 'answered');
}

/** From here on it may arrive. */
function book(model: Model, caller: Caller, permit: Permit, at: number, doneAt: number): { arrivedBy: number } {
  const { account, callClass, lane } = caller;
  const grant = model.granted.get(permit.id);
  if (grant === undefined) model.faults.push(`permit ${permit.id} was never granted`);
  model.count('call');
  model.arrivals.push({ account, callClass, at, doneAt });
  const call = {
    account,
    callClass,
    lane,
    order: grant?.order ?? 0,
    grantedAt: grant?.at ?? at,
    arrivedBy: at,
  };
  model.calls.push(call);
  return call;
}

/** The store as a process reaches it, or does not. A dead process hears nothing any more. */
function asReached(
  log: TwinLogs,
  process: Process['state'],
  away: Model['away'],
  count: Model['count'],
  onGrant: (permit: string) => void,
): BudgetLog {
  const reach = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (process.isDead) return new Promise<T>(() => undefined);
    if (away.store === 'cutBefore') throw new Error('the store cannot be reached');
    const isLost = away.store === 'cutAfter';
    const answer = await ask();
    if (process.isDead) return new Promise<T>(() => undefined);
    if (!isLost) return answer;
    count('done, and the answer lost');
    throw new Error('the answer was lost');
  };
  return {
    ...reachedBy(log, reach),
    take: (take) => reach(() => log.take(take).then((taken) => noted(taken, () => onGrant(take.permit)))),
  };
}

function noted<T extends { outcome: string }>(taken: T, onGrant: () => void): T {
  if (taken.outcome === 'granted') onGrant();
  return taken;
}

/** The supplier's limits as far as they are ours. */
function oursOf({ profile }: Schedule): Schedule['profile']['limits'] {
  return profile.limits.map((limit) => ({
    ...limit,
    windows: limit.windows.map((window) => ({
      ...window,
      limit: Math.max(1, Math.floor(window.limit * profile.share)),
    })),
  }));
}

function ledgerInMemory(isAway: () => boolean): CallLedger {
  const calls = new Map<string, LedgerCall>();
  const reach = (): void => {
    if (isAway()) throw new Error('the ledger cannot be reached');
  };
  return {
    async record(call) {
      reach();
      calls.set(call.permit, { ...call, answeredAt: null, pausedUntil: null });
    },
    async complete(permit, answeredAt) {
      reach();
      const call = calls.get(permit);
      if (call !== undefined) calls.set(permit, { ...call, answeredAt });
    },
    async notePause(permit, pausedUntil) {
      reach();
      const call = calls.get(permit);
      if (call !== undefined) calls.set(permit, { ...call, pausedUntil });
    },
    async recent(supplier, since, after) {
      reach();
      if (after !== null) return [];
      return [...calls.values()].filter((call) => call.supplier === supplier && call.grantedAt >= since.budget);
    },
  };
}
