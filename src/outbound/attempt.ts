import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Lane } from '../domain/lane.ts';
import type { CallClass } from '../domain/profile.ts';
import type { CallLedger } from '../store/calls.ts';
import type { Breaker, Health, Pass, Resting } from './breaker.ts';
import type { Budget } from './budget.ts';
import type { Authorization } from './credentials.ts';
import type { Endings } from './endings.ts';
import { permitAgeMs, type Permit } from './permit.ts';
import { refusedAtTheDoor } from './door.ts';
import { meaningOf, pauseAfter } from './response.ts';
import { ATTEMPTS_AT_MOST, backoffMs, type RetryBudget } from './retry-budget.ts';
import { readAnswer, type Failed, type RawAnswer } from './supplier-answer.ts';
import { CallFailed } from './supplier-call.ts';
import type { CallFailure, CallTerms, SupplierAnswer, SupplierConnection, SupplierRequest } from './supplier-call.ts';

/** One call, with all that an attempt at it needs. */
export interface Call {
  readonly connection: SupplierConnection;
  readonly terms: CallTerms;
  readonly request: Outgoing;
  readonly url: URL;
  readonly authorization: Authorization;
}

/** A request with what only the gate adds. */
export interface Outgoing extends SupplierRequest {
  readonly form?: Readonly<Record<string, string>>;
}

export interface CallEvent {
  readonly supplier: string;
  readonly account: string;
  readonly callClass: CallClass;
  readonly lane: Lane;
  readonly outcome: 'ok' | CallFailure;
  /** From when it was sent; 0 where it was not. */
  readonly durationMs: number;
  /** For the permit. */
  readonly waitedMs: number;
}

export interface AttemptParts {
  readonly budget: Budget;
  readonly ledger: CallLedger;
  readonly endings: Endings;
  readonly breaker: Breaker;
  readonly retries: RetryBudget;
  readonly clock: Clock;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly log: Logger;
  readonly onCall?: (event: CallEvent) => void;
  /** Sends a call with a permit and settles the permit as far as its ending is known. */
  readonly exchange: (call: Call, permit: Permit) => Promise<RawAnswer | Failed>;
}

/** A permit can be too old after a slow ledger or a busy process; then the next is taken. */
const PERMITS_AT_MOST = 3;

/**
 * Makes a call, and again where it may succeed a moment later: every attempt with its own permit and ledger row.
 * @throws CallFailed where nothing was sent
 */
export async function attemptCall(parts: AttemptParts, call: Call): Promise<SupplierAnswer | Failed> {
  const { terms } = call;
  parts.retries.countFirst();
  for (let attempt = 1; ; attempt += 1) {
    const result = await attemptOnce(parts, call);
    if (!('failed' in result) || !result.isRepeatable || attempt >= ATTEMPTS_AT_MOST) return result;
    const waitMs = backoffMs(attempt, parts.random());
    const isInTime = parts.clock.now() + waitMs < terms.deadline && terms.signal?.aborted !== true;
    if (!isInTime || !parts.retries.takeRetry()) return result;
    await parts.clock.sleep(waitMs, terms.signal);
  }
}

async function attemptOnce(parts: AttemptParts, call: Call): Promise<SupplierAnswer | Failed> {
  const { supplier } = call.connection;
  const pass = parts.breaker.enter(supplier);
  if ('retryAt' in pass) throw resting(supplier, pass);
  const startedAt = parts.monotonic();
  let sendingAt: number | null = null;
  let ending: Health = 'given up';
  try {
    const permit = await usablePermit(parts, call, pass);
    sendingAt = parts.monotonic();
    const exchanged = await parts.exchange(call, permit);
    const result = 'failed' in exchanged ? exchanged : await judge(parts, call, permit, exchanged);
    ending = 'failed' in result ? result.health : 'answered';
    report(parts, call, 'failed' in result ? result.failed.failure : 'ok', startedAt, sendingAt);
    return result;
  } catch (error) {
    if (error instanceof CallFailed) report(parts, call, error.failure, startedAt, sendingAt);
    throw error;
  } finally {
    parts.breaker.leave(pass, ending);
  }
}

/** Queue first, admit last: between the permit and the first byte lies only the ledger. */
async function usablePermit(parts: AttemptParts, call: Call, pass: Pass): Promise<Permit> {
  const { connection, request, terms } = call;
  const { supplier } = connection;
  for (let taken = 0; taken < PERMITS_AT_MOST; taken += 1) {
    const permit = await parts.budget.acquire(connection, request.callClass, terms);
    const rest = pass.isProbe ? null : parts.breaker.resting(supplier);
    if (rest !== null) {
      parts.endings.finish(permit, 'unused', null);
      throw resting(supplier, rest);
    }
    try {
      await parts.ledger.record({ ...permit, permit: permit.id });
    } catch (error) {
      parts.endings.finish(permit, 'unused', null);
      // The message of a database names tables and values.
      const code = error instanceof Error && 'code' in error ? error.code : null;
      parts.log.warn({ supplier, code }, 'call ledger not written: no call');
      throw new CallFailed('budgetUnreachable', `The call ledger cannot be written, so ${supplier} is not called.`);
    }
    if (parts.budget.isFresh(permit)) return permit;
    parts.endings.finish(permit, 'unused', null);
  }
  throw new CallFailed(
    'notNow',
    `${supplier} was not called: this process or its database was too slow to use a permit in time.`,
  );
}

/** What the answer means, and whether all processes have to slow down for it. */
async function judge(
  parts: AttemptParts,
  call: Call,
  permit: Permit,
  raw: RawAnswer,
): Promise<SupplierAnswer | Failed> {
  const { connection, request, url } = call;
  const { supplier, account } = connection;
  const meaning = meaningOf(raw.status, request.alsoAnswers ?? [], raw.headers);
  const pauseMs = pauseAfter(raw.status, raw.headers, raw.answeredAt);
  if (pauseMs !== null) {
    const data = { supplier, account, callClass: request.callClass, status: raw.status, pauseMs };
    if (meaning === 'limited') parts.log.warn(data, 'supplier asked for fewer calls: paused');
    else parts.log.debug(data, 'supplier says that no calls remain: paused');
    await parts.budget.pause(connection, request.callClass, pauseMs).catch((error: unknown) => {
      parts.log.warn({ ...data, reason: String(error) }, 'pause not set');
    });
  }
  await parts.budget.learn(connection, permit, raw).catch((error: unknown) => {
    parts.log.warn({ supplier, account, reason: String(error) }, 'lesson not kept');
  });
  if (pauseMs !== null) await notePause(parts, permit, pauseMs);
  const retryAt = pauseMs === null ? null : parts.clock.now() + pauseMs;
  const askedAt = permit.grantedAt;
  return readAnswer({ supplier, account, request, path: url.pathname, meaning, retryAt, askedAt }, raw);
}

/** In the call's row, so that the pause is not forgotten where the budget's store is lost. */
async function notePause(parts: AttemptParts, permit: Permit, pauseMs: number): Promise<void> {
  const until = permit.grantedAt + permitAgeMs(permit, parts) + pauseMs;
  await parts.ledger.notePause(permit.id, until).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    parts.log.warn({ supplier: permit.supplier, code }, 'pause not in the call ledger: lost if Redis is');
  });
}

function report(
  parts: AttemptParts,
  { connection, request, terms, url }: Call,
  outcome: CallEvent['outcome'],
  startedAt: number,
  sendingAt: number | null,
): void {
  const now = parts.monotonic();
  const event: CallEvent = {
    supplier: connection.supplier,
    account: connection.account,
    callClass: request.callClass,
    lane: terms.lane,
    outcome,
    durationMs: sendingAt === null ? 0 : now - sendingAt,
    waitedMs: (sendingAt ?? now) - startedAt,
  };
  parts.log.debug({ ...event, path: url.pathname }, 'supplier call');
  parts.onCall?.(event);
}

function resting(supplier: string, { retryAt, isRefusedAtTheDoor }: Resting): CallFailed {
  if (isRefusedAtTheDoor)
    return refusedAtTheDoor(supplier, 'the last connection was refused, it is given a rest', retryAt);
  return new CallFailed('unreachable', `${supplier} did not answer several times in a row and is given a rest.`, {
    retryAt,
  });
}
