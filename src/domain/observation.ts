import type { SupplierId, SupplierPartNumber } from './identity.ts';
import type { Money, PriceKind } from './money.ts';
import type { Quantity } from './quantity.ts';

/**
 * When an observation was true. Two statements about one fact are ordered by (`version`, `observedAt`): the later one holds.
 * All in epoch milliseconds.
 */
export interface FactTime {
  /**
   * The fact's place in time: the supplier's version or timestamp, on its clock; where it gives none, the moment the call's permit was
   * granted, on the budget's clock. Facts of one kind from one supplier have one or the other, as the clocks differ.
   */
  readonly version: number;
  /** When we asked, on our clock. */
  readonly observedAt: number;
  /** When the supplier says it was true; null where it does not say. */
  readonly sourceAsOf: number | null;
}

interface Said {
  readonly supplier: SupplierId;
  readonly supplierPartNumber: SupplierPartNumber;
  readonly time: FactTime;
}

/** What the supplier's catalog says of a part it lists. */
export interface CatalogObservation extends Said {
  readonly kind: 'catalog';
  readonly brand: string;
  /** As printed; what identifies the part together with `brand`. */
  readonly partNumber: string;
  readonly title: string | null;
  readonly packQuantity: number;
  readonly discontinued: boolean;
  /** The supplier's words about a successor, as printed (`USE 12H2178`); null where it says nothing. */
  readonly supersededBy: string | null;
}

export interface ObservedLevel {
  /** The supplier's own code of the warehouse or branch, as text: `01`, `HATFIELD`. */
  readonly location: string;
  readonly quantity: Quantity;
}

/** Stock of one offer. */
export interface StockObservation extends Said {
  readonly kind: 'stock';
  readonly levels: readonly ObservedLevel[];
  /** True where the answer covers every location: a level it does not name is then unknown. */
  readonly complete: boolean;
}

export interface ObservedPrice {
  readonly kind: PriceKind;
  readonly price: Money;
}

/** Prices of one offer for one account; complete: a kind it does not name has no price. */
export interface PriceObservation extends Said {
  readonly kind: 'price';
  readonly account: string;
  readonly prices: readonly ObservedPrice[];
}

/** The supplier says that it has no such part. */
export interface AbsenceObservation extends Said {
  readonly kind: 'absence';
}

export type Observation = CatalogObservation | StockObservation | PriceObservation | AbsenceObservation;
export type ObservationKind = Observation['kind'];

/** A piece of an answer that could not be taken. Becomes a dead letter. */
export interface Rejection {
  readonly supplier: SupplierId;
  /** Null where the record is too broken to tell. */
  readonly supplierPartNumber: SupplierPartNumber | null;
  /** What was wrong, where, and what was expected, in one sentence. */
  readonly reason: string;
  /** The raw text, at most `MAX_RAW_LENGTH` characters. */
  readonly raw: string;
}

export const MAX_RAW_LENGTH = 4_000;

/** (`version`, `observedAt`) compared: positive where `a` is later. */
export function compareFactTime(a: FactTime, b: FactTime): number {
  return a.version - b.version || a.observedAt - b.observedAt;
}
