import type { OfferId, PartId, SupplierId, SupplierPartNumber } from './identity.ts';
import type { Money, PriceKind } from './money.ts';
import type { Quantity } from './quantity.ts';

/** A thing sold: brand + part number, the same for all suppliers. */
export interface Part {
  readonly id: PartId;
  /** As the first of its offers prints it (offers ordered by supplier). */
  readonly brand: string;
  readonly partNumber: string;
  readonly title: string | null;
  readonly packQuantity: number;
  /** True only where every offer says so. */
  readonly discontinued: boolean;
  /** The supplier's words about a successor; null where none. */
  readonly supersededBy: string | null;
  /** Ordered by supplier, then the supplier's number. */
  readonly offers: readonly Offer[];
}

/** One supplier's listing of a part. Times in epoch milliseconds. */
export interface Offer {
  readonly id: OfferId;
  readonly partId: PartId | null;
  readonly supplier: SupplierId;
  readonly supplierPartNumber: SupplierPartNumber;
  readonly title: string | null;
  readonly packQuantity: number;
  readonly discontinued: boolean;
  readonly supersededBy: string | null;
  /** False where the supplier's latest word is that it has no such part. */
  readonly listed: boolean;
  /** When the supplier was last asked for this offer's stock and answered, full runs and refreshes alike; null where never. */
  readonly stockObservedAt: number | null;
  readonly stockSourceAsOf: number | null;
  /**
   * Start of the latest full run over the stock feed that saw this offer: runs of the feed speak for it when they do not name it.
   * Null where none did, and while the latest word on its stock is one that could not be taken.
   */
  readonly stockSeenByFullAt: number | null;
  /** Ordered by location. */
  readonly levels: readonly StockLevel[];
}

/** Quantity of an offer at a location, as of a moment. */
export interface StockLevel {
  readonly location: string;
  readonly quantity: Quantity;
  readonly version: number;
  readonly observedAt: number;
  readonly sourceAsOf: number | null;
}

export interface OfferPrice {
  readonly offerId: OfferId;
  readonly account: string;
  readonly kind: PriceKind;
  readonly price: Money;
  readonly observedAt: number;
}
