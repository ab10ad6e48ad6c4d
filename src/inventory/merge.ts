import { partId } from '../domain/identity.ts';
import type { OfferId } from '../domain/identity.ts';
import { PRICE_KINDS, toScaled } from '../domain/money.ts';
import { compareFactTime } from '../domain/observation.ts';
import type {
  AbsenceObservation,
  CatalogObservation,
  FactTime,
  Observation,
  ObservedPrice,
  PriceObservation,
  StockObservation,
} from '../domain/observation.ts';
import { quantityValue, sameQuantity, UNKNOWN_QUANTITY } from '../domain/quantity.ts';
import type { Quantity } from '../domain/quantity.ts';
import { laterAsked, laterTime } from '../domain/fact-time.ts';
import type { TimedLevel } from '../domain/fact-time.ts';
import { isDoubted } from '../store/fact-times.ts';
import type { StoredCatalog, StoredOffer } from '../store/write-offers.ts';
import type { PriceList } from '../store/write-prices.ts';

/**
 * Whose answer confirms an unchanged fact: `each` observation itself, or the `feed` it came from once its run is completed.
 * With `feed`, what repeats the stored value under the stored version is not written, so its later `observedAt` is not kept.
 * Where a supplier gives two values one version, or an absence was asked for meanwhile, the order is then that of the stored `observedAt`.
 */
export type Confirmation = 'each' | 'feed';

/** All facts of one offer that a recording is about. Values are replaced, never changed: what is still the stored object is unchanged. */
export interface OfferFacts {
  readonly offerId: OfferId;
  readonly catalog: StoredCatalog | null;
  readonly stock: FactTime | null;
  readonly absent: FactTime | null;
  /** Start of the latest full run over the stock feed that saw it. */
  readonly seenByFullAt: number | null;
  /** True while the latest word on its stock is one that could not be taken. */
  readonly isStockDoubted: boolean;
  readonly levels: ReadonlyMap<string, TimedLevel>;
  readonly priceLists: ReadonlyMap<string, PriceList>;
}

/**
 * What is known of an offer after one more observation. Pure; for `each` the result is the same in any order and with any repetition,
 * as every fact is the largest by (version, observedAt), and of two values with one time the smaller one.
 * @returns `facts` itself where the observation brings nothing
 */
export function mergeObservation(facts: OfferFacts, observation: Observation, confirmation: Confirmation): OfferFacts {
  switch (observation.kind) {
    case 'catalog':
      return mergeCatalog(facts, observation, confirmation);
    case 'stock':
      return mergeStock(facts, observation, confirmation);
    case 'price':
      return mergePrices(facts, observation, confirmation);
    case 'absence':
      return mergeAbsence(facts, observation);
  }
}

/** @param startedAt of the full run over the stock feed, epoch ms */
export function seenByFullRun(facts: OfferFacts, startedAt: number): OfferFacts {
  return (facts.seenByFullAt ?? -1) >= startedAt ? facts : { ...facts, seenByFullAt: startedAt };
}

/** True where the observation is behind what is stored of its kind: it is ignored. */
export function isOlder(facts: OfferFacts, observation: Observation): boolean {
  const stored = storedTime(facts, observation);
  return stored !== null && compareFactTime(observation.time, stored) < 0;
}

export function factsOf(
  offer: StoredOffer,
  levels: ReadonlyMap<string, TimedLevel> | undefined,
  priceLists: ReadonlyMap<string, PriceList> | undefined,
): OfferFacts {
  const { offerId, catalog, stock, absent, seenByFullAt } = offer;
  const isStockDoubted = isDoubted(offer.doubtedAt, stock);
  const own = { offerId, catalog, stock, absent, seenByFullAt, isStockDoubted };
  return { ...own, levels: levels ?? new Map(), priceLists: priceLists ?? new Map() };
}

function mergeCatalog(facts: OfferFacts, said: CatalogObservation, confirmation: Confirmation): OfferFacts {
  const told: StoredCatalog = {
    partId: partId(said.brand, said.partNumber),
    brand: said.brand,
    partNumber: said.partNumber,
    title: said.title,
    packQuantity: said.packQuantity,
    discontinued: said.discontinued,
    supersededBy: said.supersededBy,
    time: said.time,
  };
  const catalog = laterFact(facts.catalog, told, catalogText, isConfirmedByFeed(facts, confirmation));
  return catalog === facts.catalog ? facts : { ...facts, catalog };
}

function mergePrices(facts: OfferFacts, said: PriceObservation, confirmation: Confirmation): OfferFacts {
  const { account, time } = said;
  const stored = facts.priceLists.get(account) ?? null;
  const told: PriceList = { account, prices: onePriceAKind(said.prices), time };
  const list = laterFact(stored, told, pricesText, confirmation === 'feed');
  return list === stored ? facts : { ...facts, priceLists: new Map(facts.priceLists).set(account, list) };
}

function mergeAbsence(facts: OfferFacts, { time }: AbsenceObservation): OfferFacts {
  const absent = laterAsked(facts.absent, time);
  return absent === facts.absent ? facts : { ...facts, absent };
}

/**
 * A complete answer states every level at once: those it does not name are unknown. Its time is kept with the offer and covers
 * the levels it left alone, so that an unchanged offer costs one row, not one a level.
 */
function mergeStock(facts: OfferFacts, said: StockObservation, confirmation: Confirmation): OfferFacts {
  const told = quantityByLocation(said);
  const locations = said.complete ? new Set([...told.keys(), ...facts.levels.keys()]) : told.keys();
  let levels: Map<string, TimedLevel> | null = null;
  for (const location of locations) {
    const stored = facts.levels.get(location) ?? null;
    const level = mergeLevel(
      facts,
      stored,
      { location, quantity: told.get(location) ?? UNKNOWN_QUANTITY, time: said.time },
      said,
      confirmation,
    );
    if (level === stored) continue;
    levels ??= new Map(facts.levels);
    levels.set(location, level);
  }
  const stock = said.complete ? mergeStockTime(facts, said.time, levels !== null, confirmation) : facts.stock;
  if (levels === null && stock === facts.stock) return facts;
  return { ...facts, stock, levels: levels ?? facts.levels };
}

/** A level named by an observation has a row from then on, even if all it says has been overtaken: then it is unknown. */
function mergeLevel(
  facts: OfferFacts,
  stored: TimedLevel | null,
  told: TimedLevel,
  said: StockObservation,
  confirmation: Confirmation,
): TimedLevel {
  const known = stored === null ? facts.stock : laterTime(stored.time, facts.stock);
  if (known === null) return told;
  const order = compareFactTime(told.time, known);
  const before = stored?.quantity ?? UNKNOWN_QUANTITY;
  const quantity = order > 0 ? told.quantity : order === 0 ? smaller(before, told.quantity) : before;
  const time = laterTime(known, told.time);
  if (stored === null || !sameQuantity(quantity, before)) return { location: told.location, quantity, time };
  const isCovered = said.complete || time === known;
  const isRepeated = told.time.version <= known.version && isConfirmedByFeed(facts, confirmation);
  return isCovered || isRepeated ? stored : { location: told.location, quantity, time };
}

function mergeStockTime(
  { stock, absent, isStockDoubted }: OfferFacts,
  time: FactTime,
  hasMoved: boolean,
  confirmation: Confirmation,
): FactTime | null {
  const isRepeated = stock !== null && time.version <= stock.version && !hasMoved;
  return isRepeated && !isStockDoubted && isConfirmedByFeed({ absent }, confirmation) ? stock : laterTime(stock, time);
}

/** An absence since has to be answered by a time of its own; a doubt too, as far as stock goes. */
function isConfirmedByFeed({ absent }: Pick<OfferFacts, 'absent'>, confirmation: Confirmation): boolean {
  return confirmation === 'feed' && absent === null;
}

/** Of two statements of one fact the later; of two at one time the one whose text is smaller, so that any order ends alike. */
function laterFact<F extends { readonly time: FactTime }>(
  stored: F | null,
  told: F,
  text: (fact: F) => string,
  isConfirmed: boolean,
): F {
  if (stored === null) return told;
  const order = compareFactTime(told.time, stored.time);
  if (order < 0) return stored;
  if (order > 0 && !isConfirmed) return told;
  const [storedText, toldText] = [text(stored), text(told)];
  const isSame = storedText === toldText;
  if (isSame && isConfirmed && told.time.version <= stored.time.version) return stored;
  if (order > 0) return told;
  const time = laterTime(stored.time, told.time);
  if (isSame || storedText < toldText) return time === stored.time ? stored : { ...stored, time };
  return { ...told, time };
}

function catalogText({ time: _time, ...words }: StoredCatalog): string {
  const { brand, partNumber, title, packQuantity, discontinued, supersededBy } = words;
  return JSON.stringify([brand, partNumber, title, packQuantity, discontinued, supersededBy]);
}

function pricesText({ prices }: PriceList): string {
  // The database has an order of its own.
  const lines = prices.map(({ kind, price }) => JSON.stringify([kind, toScaled(price.amount), price.currency]));
  return lines.sort().join('\n');
}

/** Of two prices of one kind the lower. */
function onePriceAKind(prices: readonly ObservedPrice[]): ObservedPrice[] {
  return PRICE_KINDS.flatMap((kind) => {
    const ofKind = prices.filter((price) => price.kind === kind);
    return ofKind.sort((a, b) => toScaled(a.price.amount) - toScaled(b.price.amount)).slice(0, 1);
  });
}

/** Of two statements about one location in one answer the smaller holds. Blanks at the end are no part of a code: MySQL ignores them. */
function quantityByLocation(said: StockObservation): Map<string, Quantity> {
  const told = new Map<string, Quantity>();
  for (const { location, quantity } of said.levels) {
    const code = location.trimEnd();
    const other = told.get(code);
    told.set(code, other === undefined ? quantity : smaller(other, quantity));
  }
  return told;
}

/** Rather too little than too much: unknown before special order before a number. */
function smaller(a: Quantity, b: Quantity): Quantity {
  return quantityRank(a) <= quantityRank(b) ? a : b;
}

function quantityRank(quantity: Quantity): number {
  if (quantity.quality === 'unknown') return -Infinity;
  if (quantity.quality === 'specialOrder') return -Number.MAX_VALUE;
  return (quantityValue(quantity) ?? 0) + (quantity.quality === 'atLeast' ? 0.5 : 0);
}

function storedTime(facts: OfferFacts, observation: Observation): FactTime | null {
  switch (observation.kind) {
    case 'catalog':
      return facts.catalog?.time ?? null;
    case 'stock':
      return facts.stock;
    case 'price':
      return facts.priceLists.get(observation.account)?.time ?? null;
    case 'absence':
      return facts.absent;
  }
}
