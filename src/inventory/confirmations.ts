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
  /** When the supplier was last asked about this offer's stock: by name, or by a run that would have reported a change. */
  observedAt(offer: Offer): number | null;
  /** Reads the runs anew if what is known is over a second old. Older knowledge only makes answers look older. */
  renew(): Promise<void>;
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
    observedAt: (offer) => confirmedObservedAt(offer, known.get(offer.supplier)),
    async renew() {
      if (clock.now() - readAt < KNOWN_FOR_MS) return;
      reading ??= readAnew().finally(() => {
        reading = null;
      });
      await reading;
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
