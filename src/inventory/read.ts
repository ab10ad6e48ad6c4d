import DataLoader from 'dataloader';
import { within, type Clock } from '../domain/clock.ts';
import {
  ageMs,
  freshnessStatus,
  type DataOrigin,
  type Freshness,
  type FreshnessPolicy,
  type StaleReason,
} from '../domain/freshness.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { identityForm, searchForm, type OfferId, type PartId, type SupplierId } from '../domain/identity.ts';
import type { Offer, Part, StockLevel } from '../domain/part.ts';
import type { Profile } from '../domain/profile.ts';
import type { Database } from '../store/database.ts';
import { readFeedStates } from '../store/feed-states.ts';
import { readOffers } from '../store/offers.ts';
import { readPartPage, readParts } from '../store/parts.ts';
import { placeAfter, placeOf } from './part-place.ts';
import { availabilityOf, type AvailabilityView, type LevelView, type OfferStockView } from './availability.ts';
import { createBatcher, type Batcher } from './batcher.ts';
import { createConfirmations, type Confirmations, type FeedConfirmation } from './confirmations.ts';
import { confirmedForMs, policyFor, type FreshnessWish } from './freshness-policy.ts';
import { offerWithAnswer } from './offer-with-answer.ts';
import type { RefreshOutcome, Refresher } from './refresh.ts';

export interface PartsPageWish {
  readonly first: number;
  /** Behind this place, a `cursor` of an earlier page; null from the start. */
  readonly after: string | null;
  readonly brand: string | null;
  readonly numberStartsWith: string | null;
}

/** One request's view: what it has loaded it does not load again. */
export interface ReadSession {
  part(id: PartId): Promise<Part | null>;
  offer(id: OfferId): Promise<Offer | null>;
  partsPage(wish: PartsPageWish): Promise<{ parts: readonly { part: Part; cursor: string }[]; hasNextPage: boolean }>;
  /** The offer's stock, no older than wished without saying so. Rejects only where `LIVE_REQUIRED` brings nothing fresh. */
  offerStock(offer: Offer, wish: FreshnessWish): Promise<OfferStockView>;
  availability(part: Part, wish: FreshnessWish): Promise<AvailabilityView>;
}

/** The read path of the whole process. */
export interface Reader {
  session(): ReadSession;
}

export interface ReaderDeps {
  readonly db: Database;
  readonly refresher: Refresher;
  readonly profiles: ReadonlyMap<SupplierId, Profile>;
  readonly clock: Clock;
}

const KEYS_PER_STATEMENT = 400;
const STATEMENTS_IN_FLIGHT = 2;
/** A refusal comes this long before the caller stops waiting, so that the answer can say why. */
const LATEST_WORD_MS = 50;
/** How long a refresh behind an answer already given may wait for a call. */
const REVALIDATE_WITHIN_MS = 10_000;

export function createReader(deps: ReaderDeps): Reader {
  const shape = { keysPerStatement: KEYS_PER_STATEMENT, statementsInFlight: STATEMENTS_IN_FLIGHT };
  const confirmations = createConfirmations(() => readConfirmations(deps), deps.clock);
  const parts = createBatcher({
    ...shape,
    async load(ids: PartId[]) {
      const confirm = await confirmations.confirm();
      return mapped(await readParts(deps.db, ids), (part) => withOffers(part, confirm));
    },
  });
  const offers = createBatcher({
    ...shape,
    async load(ids: OfferId[]) {
      const confirm = await confirmations.confirm();
      return mapped(await readOffers(deps.db, ids), confirm);
    },
  });
  const stock = createStockReader({ ...deps, offers });
  return {
    session() {
      const partLoader = loaderOver(parts);
      const offerLoader = loaderOver(offers);
      const offerStock = (offer: Offer, wish: FreshnessWish): Promise<OfferStockView> =>
        stock.read(offer, policyFor(wish, deps.profiles.get(offer.supplier)));
      return {
        part: (id) => partLoader.load(id),
        offer: (id) => offerLoader.load(id),
        partsPage: (wish) => readPage(deps.db, wish, confirmations, partLoader),
        offerStock,
        availability: async (part, wish) =>
          availabilityOf(part, await Promise.all(part.offers.map((offer) => offerStock(offer, wish)))),
      };
    },
  };
}

/** DataLoader remembers and joins within a request; the batcher joins across requests. */
function loaderOver<V>(batcher: Batcher<string, V>): DataLoader<string, V | null> {
  return new DataLoader(async (ids) => {
    const found = await batcher.getMany(ids);
    return ids.map((id) => found.get(id) ?? null);
  });
}

async function readPage(
  db: Database,
  wish: PartsPageWish,
  confirmations: Confirmations,
  loader: DataLoader<string, Part | null>,
): ReturnType<ReadSession['partsPage']> {
  const confirm = await confirmations.confirm();
  const { parts: stored, hasMore } = await readPartPage(db, {
    first: wish.first,
    after: placeAfter(wish.after),
    ...(wish.brand !== null && { brandForm: identityForm(wish.brand) }),
    ...(wish.numberStartsWith !== null && { searchStartsWith: searchForm(wish.numberStartsWith) }),
  });
  const parts = stored.map((part) => withOffers(part, confirm));
  for (const part of parts) loader.prime(part.id, part);
  return { parts: parts.map((part) => ({ part, cursor: placeOf(part) })), hasNextPage: hasMore };
}

function withOffers(part: Part, confirm: (offer: Offer) => Offer): Part {
  return { ...part, offers: part.offers.map(confirm) };
}

function mapped<K, V>(found: ReadonlyMap<K, V>, change: (value: V) => V): ReadonlyMap<K, V> {
  return new Map([...found].map(([key, value]) => [key, change(value)]));
}

async function readConfirmations({ db, profiles }: ReaderDeps): Promise<ReadonlyMap<SupplierId, FeedConfirmation>> {
  const states = (await readFeedStates(db)).filter((state) => state.feed === 'stock');
  return new Map(
    states.map((state) => [state.supplier, { ...state, holdsForMs: confirmedForMs(profiles.get(state.supplier)) }]),
  );
}

interface StockReaderDeps extends ReaderDeps {
  readonly offers: Batcher<OfferId, Offer>;
}

/** One question about an offer's stock. A value observed after it came in is fresh whatever age was asked for. */
interface Question {
  readonly offer: Offer;
  readonly policy: FreshnessPolicy;
  readonly askedAt: number;
}

/** Reads down the page: look, refresh, look again, else the old value with its reason. */
function createStockReader(deps: StockReaderDeps): {
  read(offer: Offer, policy: FreshnessPolicy): Promise<OfferStockView>;
} {
  const look = (question: Question, reason: StaleReason, retryAt: number | null = null): OfferStockView =>
    stockView(question, question.offer, deps.clock.now(), { origin: 'COPY', reason, retryAt });

  const revalidate = ({ offer, policy, askedAt }: Question, withinMs: number): Promise<RefreshOutcome> =>
    deps.refresher.refresh(offer, {
      lane: 'interactive',
      deadline: askedAt + Math.max(0, withinMs - LATEST_WORD_MS),
      isForced: false,
      notBefore: askedAt - policy.maxAgeMs,
    });

  const wait = async (question: Question): Promise<OfferStockView> => {
    const { waitUpToMs } = question.policy;
    const outcome = await within(deps.clock, revalidate(question, waitUpToMs), waitUpToMs, TOO_LATE);
    if (outcome.state === 'failed') return look(question, outcome.reason, outcome.retryAt);
    return lookAgain(deps, question, outcome);
  };

  const requireLive = async (question: Question): Promise<OfferStockView> => {
    const view = await wait(question);
    if (view.freshness.status === 'FRESH') return view;
    throw notLive(question.offer, view.freshness);
  };

  return {
    async read(offer, policy) {
      const question = { offer, policy, askedAt: deps.clock.now() };
      const stored = look(question, 'CACHE_ONLY');
      if (stored.freshness.status === 'FRESH' || policy.onStale === 'CACHE_ONLY') return stored;
      if (policy.onStale === 'LIVE_REQUIRED') return requireLive(question);
      if (!deps.refresher.canRefresh(offer.supplier)) return look(question, 'NOT_REFRESHABLE');
      const refusal = deps.refresher.refusal(offer.supplier);
      if (refusal !== null && !isWorthWaitingOut(question, refusal.retryAt))
        return look(question, refusal.reason, refusal.retryAt);
      if (policy.onStale === 'WAIT_THEN_SERVE') return wait(question);
      void revalidate(question, REVALIDATE_WITHIN_MS);
      return look(question, 'REVALIDATING');
    },
  };
}

const TOO_LATE: RefreshOutcome = { state: 'failed', reason: 'TIMED_OUT', retryAt: null };

/** What refused one caller for a moment holds back nobody who waits longer than that. */
function isWorthWaitingOut({ policy, askedAt }: Question, retryAt: number | null): boolean {
  const { onStale, waitUpToMs } = policy;
  return onStale === 'WAIT_THEN_SERVE' && retryAt !== null && retryAt < askedAt + waitUpToMs - LATEST_WORD_MS;
}

/**
 * The copy after a refresh, with the supplier's answer where the copy has not taken it up: another process is still writing, or the
 * store is away. An answer behind the copy changes no value, yet the supplier has been asked: nothing newer is known to it.
 */
async function lookAgain(
  deps: StockReaderDeps,
  question: Question,
  { answer, origin }: Extract<RefreshOutcome, { state: 'answered' }>,
): Promise<OfferStockView> {
  const { offer } = question;
  const found = await deps.offers.getMany([offer.id]).catch(() => new Map<OfferId, Offer>());
  const told = offerWithAnswer(found.get(offer.id) ?? offer, answer);
  const seen = { origin, reason: 'TIMED_OUT', retryAt: null } as const;
  return stockView(question, told, deps.clock.now(), seen);
}

interface Seen {
  readonly origin: DataOrigin;
  /** Why, should it turn out not to be fresh. */
  readonly reason: StaleReason;
  readonly retryAt: number | null;
}

/** A level is as fresh as the later of its own observation (a message about this location) and its offer's. */
function stockView({ policy, askedAt }: Question, offer: Offer, now: number, seen: Seen): OfferStockView {
  const observedAt = offer.stockObservedAt;
  const freshness = (at: number | null, sourceAsOf: number | null): Freshness => {
    const status = freshnessStatus(ageMs(at, askedAt), policy);
    const stale = status === 'FRESH' ? null : seen;
    return {
      status,
      reason: stale?.reason ?? null,
      origin: seen.origin,
      observedAt: at,
      sourceAsOf,
      ageMs: ageMs(at, now),
      retryAt: stale?.retryAt ?? null,
    };
  };
  const levelView = (level: StockLevel): LevelView => ({
    supplier: offer.supplier,
    location: level.location,
    quantity: level.quantity,
    freshness: freshness(Math.max(level.observedAt, observedAt ?? 0), level.sourceAsOf),
  });
  return {
    isListed: offer.listed,
    levels: offer.listed ? offer.levels.map(levelView) : [],
    freshness: freshness(observedAt, offer.stockSourceAsOf),
  };
}

function notLive(offer: Offer, freshness: Freshness): GatewayError {
  return new GatewayError(
    'UPSTREAM_UNAVAILABLE',
    `${offer.supplier} gave no stock for its part ${offer.supplierPartNumber} in time (${freshness.reason ?? 'TIMED_OUT'}). ` +
      'Ask again later, or accept an older answer with onStale: WAIT_THEN_SERVE.',
    { retryAt: freshness.retryAt },
  );
}
