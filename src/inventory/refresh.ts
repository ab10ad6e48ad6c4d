import DataLoader from 'dataloader';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Cause } from '../domain/change.ts';
import type { StaleReason } from '../domain/freshness.ts';
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
  | { readonly state: 'answered'; readonly answer: CachedAnswer; readonly origin: 'LIVE' | 'CACHE' }
  | { readonly state: 'failed'; readonly reason: StaleReason; readonly retryAt: number | null };

export interface Refresher {
  /** Asks the supplier about one key, in a bulk call with others. Never rejects. */
  refresh(key: RefreshKey, terms: RefreshTerms): Promise<RefreshOutcome>;
  /** True where the supplier can be asked about single keys. */
  canRefresh(supplier: SupplierId): boolean;
  /** Why the supplier's last call failed, while it makes no sense to try again. */
  refusal(supplier: SupplierId): Extract<RefreshOutcome, { state: 'failed' }> | null;
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
/** Keys waiting or asked about, for each supplier; more are turned away. */
const KEYS_IN_FLIGHT = 10_000;

const TOO_MANY: RefreshOutcome = { state: 'failed', reason: 'BUDGET_EXHAUSTED', retryAt: null };

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
  refusal(): Extract<RefreshOutcome, { state: 'failed' }> | null;
}

/** A key being asked about. Terms are those of the most demanding caller that joined before the call started. */
interface Flight {
  readonly supplierPartNumber: SupplierPartNumber;
  terms: RefreshTerms;
  hasStarted: boolean;
  promise: Promise<RefreshOutcome>;
}

function createSupplierRefresher(deps: RefreshDeps, supplier: ConnectedSupplier, bulkKeys: number): SupplierRefresher {
  const flights = new Map<SupplierPartNumber, Flight>();
  let refused: { outcome: Extract<RefreshOutcome, { state: 'failed' }>; until: number } | null = null;

  const loader = new DataLoader<Flight, RefreshOutcome>(
    async (batch) => {
      for (const flight of batch) flight.hasStarted = true;
      const outcomes = await answerBatch(deps, supplier, batch);
      refused = refusalOf(outcomes, deps.clock.now());
      return outcomes;
    },
    { cache: false, maxBatchSize: bulkKeys, batchScheduleFn: (dispatch) => void setTimeout(dispatch, FILL_MS) },
  );

  const start = (supplierPartNumber: SupplierPartNumber, terms: RefreshTerms): Promise<RefreshOutcome> => {
    const flight: Flight = { supplierPartNumber, terms, hasStarted: false, promise: Promise.resolve(TOO_MANY) };
    flights.set(supplierPartNumber, flight);
    flight.promise = loader.load(flight).finally(() => {
      if (flights.get(supplierPartNumber) === flight) flights.delete(supplierPartNumber);
    });
    return flight.promise;
  };

  const refresh = async (supplierPartNumber: SupplierPartNumber, terms: RefreshTerms): Promise<RefreshOutcome> => {
    const flight = flights.get(supplierPartNumber);
    if (flight === undefined || (flight.hasStarted && terms.isForced)) {
      return flights.size >= KEYS_IN_FLIGHT ? TOO_MANY : start(supplierPartNumber, terms);
    }
    if (!flight.hasStarted) flight.terms = joinTerms(flight.terms, terms);
    const outcome = await flight.promise;
    return isTooOld(outcome, terms) ? refresh(supplierPartNumber, terms) : outcome;
  };

  return {
    refresh,
    refusal: () => (refused !== null && refused.until > deps.clock.now() ? refused.outcome : null),
  };
}

/** A call joined in mid-flight may have been answered from before this caller's bound. */
function isTooOld(outcome: RefreshOutcome, terms: RefreshTerms): boolean {
  return outcome.state === 'answered' && outcome.answer.observedAt < terms.notBefore;
}

function joinTerms(a: RefreshTerms, b: RefreshTerms): RefreshTerms {
  return {
    lane: moreUrgent(a.lane, b.lane),
    deadline: Math.max(a.deadline, b.deadline),
    isForced: a.isForced || b.isForced,
    notBefore: Math.max(a.notBefore, b.notBefore),
  };
}

/** A failed call speaks for its supplier until it may succeed again; a batch with any answer clears it. */
function refusalOf(
  outcomes: readonly RefreshOutcome[],
  now: number,
): { outcome: Extract<RefreshOutcome, { state: 'failed' }>; until: number } | null {
  const last = outcomes.at(-1);
  if (last?.state !== 'failed' || outcomes.some((outcome) => outcome.state === 'answered')) return null;
  return { outcome: last, until: last.retryAt ?? now + REFUSAL_MS };
}

/** Looks into the cache, asks the supplier once about what is missing there, records and caches what it says. */
async function answerBatch(
  deps: RefreshDeps,
  supplier: ConnectedSupplier,
  batch: readonly Flight[],
): Promise<RefreshOutcome[]> {
  const outcomes = new Map<SupplierPartNumber, RefreshOutcome>();
  await answerFromCache(deps.cache, supplier.id, batch, outcomes);
  const missing = batch.filter((flight) => !outcomes.has(flight.supplierPartNumber));
  if (missing.length > 0) await answerFromSupplier(deps, supplier, missing, outcomes);
  return batch.map((flight) => outcomes.get(flight.supplierPartNumber) ?? UNUSABLE);
}

async function answerFromCache(
  cache: AnswerCache,
  supplier: SupplierId,
  batch: readonly Flight[],
  outcomes: Map<SupplierPartNumber, RefreshOutcome>,
): Promise<void> {
  const unforced = batch.filter((flight) => !flight.terms.isForced);
  const cached = await cache.getMany(unforced.map((flight) => cacheKey(supplier, flight.supplierPartNumber)));
  unforced.forEach((flight, index) => {
    const answer = cached[index];
    if (answer && answer.observedAt >= flight.terms.notBefore) {
      outcomes.set(flight.supplierPartNumber, { state: 'answered', answer, origin: 'CACHE' });
    }
  });
}

async function answerFromSupplier(
  deps: RefreshDeps,
  supplier: ConnectedSupplier,
  missing: readonly Flight[],
  outcomes: Map<SupplierPartNumber, RefreshOutcome>,
): Promise<void> {
  const terms = missing.map((flight) => flight.terms).reduce(joinTerms);
  try {
    const answered = await askSupplier(deps, supplier, missing, terms);
    for (const observation of answered.observations) {
      const answer = answerOf(observation);
      if (answer) outcomes.set(observation.supplierPartNumber, { state: 'answered', answer, origin: 'LIVE' });
    }
    await keep(deps, supplier, terms.isForced ? 'FORCED' : 'REFRESH', answered);
  } catch (error) {
    const outcome = failureOf(error, deps.log, supplier.id);
    for (const flight of missing) outcomes.set(flight.supplierPartNumber, outcome);
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
  return { observedAt: observation.time.observedAt, sourceAsOf: observation.time.sourceAsOf, isListed, levels };
}

const UNUSABLE: RefreshOutcome = { state: 'failed', reason: 'SUPPLIER_ANSWER_UNUSABLE', retryAt: null };

function failureOf(error: unknown, log: Logger, supplier: SupplierId): RefreshOutcome {
  if (error instanceof CallFailed) return { state: 'failed', reason: error.staleReason, retryAt: error.retryAt };
  log.error({ err: error, supplier }, 'a refresh failed for a reason of our own');
  return UNUSABLE;
}

function cacheKey(supplier: SupplierId, supplierPartNumber: SupplierPartNumber): string {
  return `${supplier}:${supplierPartNumber}`;
}
