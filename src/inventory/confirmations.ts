import type { Clock } from '../domain/clock.ts';
import type { Offer } from '../domain/part.ts';
import type { SupplierId } from '../domain/identity.ts';

/** What a supplier's completed runs over its stock feed say about every offer they cover. Epoch ms. */
export interface FeedConfirmation {
  /** Start of the last completed run, full or incremental. */
  readonly confirmedAt: number | null;
  /** Start of the last completed full run: only offers it saw are covered. */
  readonly fullStartedAt: number | null;
  /** How long after an offer was last answered by name a run that did not name it still speaks for it. */
  readonly holdsForMs: number;
}

export interface Confirmations {
  /**
   * What the runs say of offers that are read from now on: it moves an offer's `stockObservedAt` to the run that would have reported a
   * change. Taken before the offers are read, never after: what a run found is then in what is read. Up to a second old, which only makes
   * answers look older.
   */
  confirm(): Promise<(offer: Offer) => Offer>;
}

const KNOWN_FOR_MS = 1_000;

export function createConfirmations(
  read: () => Promise<ReadonlyMap<SupplierId, FeedConfirmation>>,
  clock: Clock,
): Confirmations {
  let known: ReadonlyMap<SupplierId, FeedConfirmation> = new Map();
  let readAt = -Infinity;
  let reading: Promise<void> | null = null;

  const readAnew = async (): Promise<void> => {
    const startedAt = clock.now();
    known = await read();
    readAt = startedAt;
  };
  return {
    async confirm() {
      if (clock.now() - readAt >= KNOWN_FOR_MS) {
        reading ??= readAnew().finally(() => {
          reading = null;
        });
        await reading;
      }
      const runs = known;
      return (offer) => {
        const stockObservedAt = confirmedObservedAt(offer, runs.get(offer.supplier));
        return stockObservedAt === offer.stockObservedAt ? offer : { ...offer, stockObservedAt };
      };
    },
  };
}

/**
 * A delta never tells that a part was removed. So what it does not name is confirmed for a while only; then the offer is as old as its
 * last own answer, and is asked about by name as soon as somebody wants it fresh.
 */
export function confirmedObservedAt(offer: Offer, confirmation: FeedConfirmation | undefined): number | null {
  const { stockObservedAt, stockSeenByFullAt } = offer;
  if (stockObservedAt === null || !offer.listed || confirmation === undefined) return stockObservedAt;
  const { confirmedAt, fullStartedAt, holdsForMs } = confirmation;
  if (confirmedAt === null || fullStartedAt === null) return stockObservedAt;
  if (stockSeenByFullAt === null || stockSeenByFullAt < fullStartedAt) return stockObservedAt;
  return confirmedAt <= stockObservedAt + holdsForMs ? Math.max(stockObservedAt, confirmedAt) : stockObservedAt;
}
