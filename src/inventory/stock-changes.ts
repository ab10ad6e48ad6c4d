import type { Cause, StockChange } from '../domain/change.ts';
import { levelInForce } from '../domain/fact-time.ts';
import { sameQuantity } from '../domain/quantity.ts';
import type { StoredOffer } from '../store/write-offers.ts';
import type { OfferFacts } from './merge.ts';

/** One offer of a recording: as it stood under the lock, and with what was observed. */
export interface Draft {
  readonly offer: StoredOffer;
  readonly before: OfferFacts;
  readonly after: OfferFacts;
}

/** Whether the catalog says another part than the offer had, or the first one. Who follows that part has seen none of its levels. */
export function isOfNewPart({ offer, after }: Pick<Draft, 'offer' | 'after'>): boolean {
  return after.catalog !== null && after.catalog.partId !== offer.partId;
}

/** What a reader sees differently: compared are the levels in force, not the rows. */
export function stockChanges(draft: Draft, cause: Cause, now: number): Omit<StockChange, 'position'>[] {
  const { offer, before, after } = draft;
  const isNew = isOfNewPart(draft);
  const changes: Omit<StockChange, 'position'>[] = [];
  for (const location of [...after.levels.keys()].sort()) {
    const level = after.levels.get(location);
    if (level === undefined) continue;
    const known = isNew ? undefined : before.levels.get(location);
    const was = known === undefined ? null : levelInForce(known, before.stock, before.absent).quantity;
    const is = levelInForce(level, after.stock, after.absent);
    if (was !== null && sameQuantity(was, is.quantity)) continue;
    changes.push({
      supplier: offer.supplier,
      supplierPartNumber: offer.supplierPartNumber,
      offerId: offer.offerId,
      partId: after.catalog?.partId ?? offer.partId,
      location,
      before: was,
      after: is.quantity,
      cause,
      version: is.time.version,
      recordedAt: now,
    });
  }
  return changes;
}
