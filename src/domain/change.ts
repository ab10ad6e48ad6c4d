import type { OfferId, PartId, SupplierId, SupplierPartNumber } from './identity.ts';
import type { Quantity } from './quantity.ts';

/** What brought an observation. */
export type Cause = 'SYNC' | 'WEBHOOK' | 'REFRESH' | 'FORCED' | 'REDRIVE';

/** The difference a recording made, with its place in the change feed. */
export interface StockChange {
  /** Dense and in commit order: a reader that has seen `n` has seen all up to `n`. */
  readonly position: number;
  readonly supplier: SupplierId;
  readonly supplierPartNumber: SupplierPartNumber;
  readonly offerId: OfferId;
  /** Null while the catalog has not said which part the offer lists. */
  readonly partId: PartId | null;
  readonly location: string;
  /** Null where the level was not known before. */
  readonly before: Quantity | null;
  readonly after: Quantity;
  readonly cause: Cause;
  readonly version: number;
  /** When it was recorded, epoch milliseconds. */
  readonly recordedAt: number;
}
