import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Cause } from '../domain/change.ts';
import type { StaleReason } from '../domain/freshness.ts';
import { notAhead } from '../domain/fact-time.ts';
import type { SupplierId, SupplierPartNumber } from '../domain/identity.ts';
import { moreUrgent, type Lane } from '../domain/lane.ts';
import type { AbsenceObservation, Observation, Rejection, StockObservation } from '../domain/observation.ts';
import { CallFailed, type Gate } from '../outbound/supplier-call.ts';
import type { ConnectedSupplier } from '../connectors/connected-supplier.ts';
import type { AnswerCache, CachedAnswer } from '../redis/answer-cache.ts';
import { errorCode } from '../store/database.ts';
import type { Recorder } from './record.ts';

/** What can be asked about: one offer's stock. */
export interface RefreshKey {
  readonly supplier: SupplierId;
  readonly supplierPartNumber: SupplierPartNumber;
}

export interface RefreshTerms {
  readonly lane: Lane;
  /** Epoch ms; the supplier is not waited for past it. */
  readonly deadline: number;
  /** True skips the cache and joins only a call that has not started; never the budget. */
  readonly isForced: boolean;
  /** The oldest cached answer that will do; epoch ms. Not looked at when forced. */
  readonly notBefore: number;
}

export type RefreshOutcome =
  { readonly state: 'answered'; readonly answer: CachedAnswer; readonly origin: 'LIVE' | 'CACHE' } | RefreshFailure;

export interface RefreshFailure {
  readonly state: 'failed';
  readonly reason: StaleReason;
  /** When another try may succeed, epoch ms; null where unknown. */
  readonly retryAt: number | null;
}

export interface Refresher {
  /** Asks the supplier about one key, in a bulk call with others. Never rejects. */
  refresh(key: RefreshKey, terms: RefreshTerms): Promise<RefreshOutcome>;
  /** True where the supplier can be asked about single keys. */
  canRefresh(supplier: SupplierId): boolean;
  /** Why the supplier's last call failed, while it makes no sense to try again. */
  refusal(supplier: SupplierId): RefreshFailure | null;
}

export interface RefreshDeps {
  readonly suppliers: readonly ConnectedSupplier[];
  readonly gate: Gate;
  readonly recorder: Recorder;
  readonly cache: AnswerCache;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long keys wait for others, to fill a bulk call. */
const FILL_MS = 5;
/** How long a failure without a known end keeps further tries of unforced refreshes back. */
const REFUSAL_MS = 2_000;
/** The same for one key that a call brought nothing usable about: the supplier answers, only this record is bad. */
const BAD_RECORD_MS = 10_000;
/** Keys waiting or asked about, for each supplier; more are turned away. */
const KEYS_IN_FLIGHT = 10_000;
/** The least recently asked about is forgotten first: then it is only asked about sooner. */
const BAD_RECORDS_KNOWN = 10_000;

const TOO_MANY: RefreshFailure = { state: 'failed', reason: 'BUDGET_EXHAUSTED', retryAt: null };

export function createRefresher(deps: RefreshDeps): Refresher {
  const bySupplier = new Map<SupplierId, SupplierRefresher>();
  for (const supplier of deps.suppliers) {
    if (supplier.connector.readStock && supplier.connection.profile.bulkStockKeys !== null) {
      bySupplier.set(supplier.id, createSupplierRefresher(deps, supplier, supplier.connection.profile.bulkStockKeys));
    }
  }
  return {
    refresh: (key, terms) =>
      bySupplier.get(key.supplier)?.refresh(key.supplierPartNumber, terms) ??
      Promise.resolve({ state: 'failed', reason: 'NOT_REFRESHABLE', retryAt: null }),
    canRefresh: (supplier) => bySupplier.has(supplier),
    refusal: (supplier) => bySupplier.get(supplier)?.refusal() ?? null,
  };
}

interface SupplierRefresher {
  refresh(supplierPartNumber: SupplierPartNumber, terms: RefreshTerms): Promise<RefreshOutcome>;
  refusal(): RefreshFailure | null;
}

/** A key being asked about. Terms are those of the most demanding caller that joined before the call started, then the call's. */
interface Flight {
  readonly supplierPartNumber: SupplierPartNumber;
  terms: RefreshTerms;
  hasStarted: boolean;
  promise: Promise<RefreshOutcome>;
}

function createSupplierRefresher(deps: RefreshDeps, supplier: ConnectedSupplier, bulkKeys: number): SupplierRefresher {
  const flights = new Map<SupplierPartNumber, Flight>();
  const badRecords = new LRUCache<SupplierPartNumber, RefreshFailure & { retryAt: number }>({ max: BAD_RECORDS_KNOWN });
  let inFlight = 0;
  let refused: { failure: RefreshFailure; until: number } | null = null;

  const askAbout = async (missing: readonly Flight[], outcomes: Outcomes): Promise<void> => {
    const failure = await answerFromSupplier(deps, supplier, missing, outcomes);
    const now = deps.clock.now();
    // Only a failed call speaks for its supplier; an answered one clears it, however bad some of its records are.
    refused = failure === null ? null : { failure, until: failure.retryAt ?? now + REFUSAL_MS };
    for (const { supplierPartNumber } of missing) {
      if (outcomes.has(supplierPartNumber)) badRecords.delete(supplierPartNumber);
      else badRecords.set(supplierPartNumber, { ...UNUSABLE, retryAt: now + BAD_RECORD_MS });
    }
  };

  const loader = new DataLoader<Flight, RefreshOutcome>(
    async (batch) => {
      for (const flight of batch) flight.hasStarted = true;
      const outcomes = await answerFromCache(deps.cache, supplier.id, batch);
      const missing = batch.filter((flight) => !outcomes.has(flight.supplierPartNumber));
      if (missing.length > 0) await askAbout(missing, outcomes);
      return batch.map(({ supplierPartNumber }) => outcomes.get(supplierPartNumber) ?? UNUSABLE);
    },
    {
      cache: false,
      maxBatchSize: bulkKeys,
      batchScheduleFn: (dispatch) => void deps.clock.sleep(FILL_MS).then(dispatch),
    },
  );

  const start = (supplierPartNumber: SupplierPartNumber, terms: RefreshTerms): Promise<RefreshOutcome> => {
    const flight: Flight = { supplierPartNumber, terms, hasStarted: false, promise: Promise.resolve(TOO_MANY) };
    flights.set(supplierPartNumber, flight);
    inFlight += 1;
    flight.promise = loader.load(flight).finally(() => {
      inFlight -= 1;
      if (flights.get(supplierPartNumber) === flight) flights.delete(supplierPartNumber);
    });
    return flight.promise;
  };

  /** @param isSecond the call that it joined first was given up before this caller would have */
  const refresh = async (
    supplierPartNumber: SupplierPartNumber,
    terms: RefreshTerms,
    isSecond = false,
  ): Promise<RefreshOutcome> => {
    const bad = badRecords.get(supplierPartNumber);
    if (bad !== undefined && !terms.isForced && deps.clock.now() < bad.retryAt) return bad;
    const flight = flights.get(supplierPartNumber);
    if (flight === undefined || (flight.hasStarted && terms.isForced)) {
      return inFlight >= KEYS_IN_FLIGHT ? TOO_MANY : start(supplierPartNumber, terms);
    }
    if (!flight.hasStarted) flight.terms = joinTerms(flight.terms, terms);
    const outcome = await flight.promise;
    if (isTooOld(outcome, terms)) return refresh(supplierPartNumber, terms, isSecond);
    const isGivenUp = !isSecond && isGivenUpEarly(outcome, flight.terms, terms, deps.clock.now());
    return isGivenUp ? refresh(supplierPartNumber, terms, true) : outcome;
  };

  return {
    refresh: (supplierPartNumber, terms) => refresh(supplierPartNumber, terms),
    refusal: () => (refused !== null && refused.until > deps.clock.now() ? refused.failure : null),
  };
}

/** A call joined in mid-flight may have been answered from before this caller's bound. */
function isTooOld(outcome: RefreshOutcome, terms: RefreshTerms): boolean {
  return outcome.state === 'answered' && outcome.answer.observedAt < terms.notBefore;
}

/** A call joined in mid-flight may have waited less than this caller can. */
function isGivenUpEarly(outcome: RefreshOutcome, call: RefreshTerms, caller: RefreshTerms, now: number): boolean {
  if (outcome.state !== 'failed' || !['BUDGET_EXHAUSTED', 'TIMED_OUT'].includes(outcome.reason)) return false;
  return caller.deadline > call.deadline && caller.deadline > now;
}

function joinTerms(a: RefreshTerms, b: RefreshTerms): RefreshTerms {
  return {
    lane: moreUrgent(a.lane, b.lane),
    deadline: Math.max(a.deadline, b.deadline),
    isForced: a.isForced || b.isForced,
    notBefore: Math.max(a.notBefore, b.notBefore),
  };
}

type Outcomes = Map<SupplierPartNumber, RefreshOutcome>;

async function answerFromCache(cache: AnswerCache, supplier: SupplierId, batch: readonly Flight[]): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  const unforced = batch.filter((flight) => !flight.terms.isForced);
  const cached = await cache.getMany(unforced.map((flight) => cacheKey(supplier, flight.supplierPartNumber)));
  unforced.forEach((flight, index) => {
    const answer = cached[index];
    if (answer && answer.observedAt >= flight.terms.notBefore) {
      outcomes.set(flight.supplierPartNumber, { state: 'answered', answer, origin: 'CACHE' });
    }
  });
  return outcomes;
}

/**
 * Asks the supplier once, records and caches what it says, and sets the outcome of each key that it says anything of.
 * @returns why the call failed; null where it was answered
 */
async function answerFromSupplier(
  deps: RefreshDeps,
  supplier: ConnectedSupplier,
  missing: readonly Flight[],
  outcomes: Outcomes,
): Promise<RefreshFailure | null> {
  const terms = missing.map((flight) => flight.terms).reduce(joinTerms);
  for (const flight of missing) flight.terms = terms;
  try {
    const answered = await askSupplier(deps, supplier, missing, terms);
    for (const observation of answered.observations) {
      const answer = answerOf(observation);
      if (answer) outcomes.set(observation.supplierPartNumber, { state: 'answered', answer, origin: 'LIVE' });
    }
    await keep(deps, supplier, terms.isForced ? 'FORCED' : 'REFRESH', answered);
    return null;
  } catch (error) {
    const failure = failureOf(error, deps.log, supplier.id);
    for (const flight of missing) outcomes.set(flight.supplierPartNumber, failure);
    return failure;
  }
}

async function askSupplier(
  deps: RefreshDeps,
  supplier: ConnectedSupplier,
  missing: readonly Flight[],
  terms: RefreshTerms,
): Promise<{ observations: readonly Observation[]; rejections: readonly Rejection[] }> {
  const { readStock } = supplier.connector;
  if (!readStock) throw new CallFailed('broken', `${supplier.id} cannot be asked about single parts.`);
  return readStock({
    call: deps.gate.callFor(supplier.connection, { lane: terms.lane, deadline: terms.deadline }),
    supplier: supplier.id,
    account: supplier.account,
    now: () => deps.clock.now(),
    keys: missing.map((flight) => flight.supplierPartNumber),
  });
}

/** The answers are true whether or not they can be stored: a store that is away costs the record, not the answer. */
async function keep(
  deps: RefreshDeps,
  supplier: ConnectedSupplier,
  cause: Cause,
  answered: { observations: readonly Observation[]; rejections: readonly Rejection[] },
): Promise<void> {
  try {
    await deps.recorder.record({ cause, confirmation: 'each', ...answered });
  } catch (error) {
    deps.log.error({ code: errorCode(error), supplier: supplier.id }, 'refreshed stock could not be recorded');
  }
  const ttlMs = supplier.connection.profile.freshForSeconds * 1_000;
  await deps.cache.setMany(
    answered.observations.flatMap((observation) => {
      const answer = answerOf(observation);
      return answer ? [{ key: cacheKey(supplier.id, observation.supplierPartNumber), answer, ttlMs }] : [];
    }),
  );
}

function answerOf(observation: Observation): CachedAnswer | null {
  if (observation.kind === 'stock') return answerFrom(observation, true, observation.levels);
  return observation.kind === 'absence' ? answerFrom(observation, false, []) : null;
}

function answerFrom(
  observation: StockObservation | AbsenceObservation,
  isListed: boolean,
  levels: CachedAnswer['levels'],
): CachedAnswer {
  return { ...notAhead(observation.time), isListed, levels };
}

const UNUSABLE: RefreshFailure = { state: 'failed', reason: 'SUPPLIER_ANSWER_UNUSABLE', retryAt: null };

function failureOf(error: unknown, log: Logger, supplier: SupplierId): RefreshFailure {
  if (error instanceof CallFailed) return { state: 'failed', reason: error.staleReason, retryAt: error.retryAt };
  log.error({ err: error, supplier }, 'a refresh failed for a reason of our own');
  return UNUSABLE;
}

/** Under which a key's last answer lies in the cache. */
export function cacheKey(supplier: SupplierId, supplierPartNumber: SupplierPartNumber): string {
  return `${supplier}:${supplierPartNumber}`;
}
