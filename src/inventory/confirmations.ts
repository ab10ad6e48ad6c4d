import type { Clock } from '../domain/clock.ts';
import type { Offer } from '../domain/part.ts';
import type { SupplierId } from '../domain/identity.ts';

/** What a supplier's completed runs over its stock feed say about every offer they cover. Epoch ms. */
export interface Confirmation {
  /** Start of the last completed run, full or incremental. */
  readonly confirmedAt: number | null;
  /** Start of the last completed full run: only offers it saw are covered. */
  readonly fullStartedAt: number | null;
}

export interface Confirmations {
  /** When the supplier was last asked about this offer's stock: by name, or by a run that would have reported a change. */
  observedAt(offer: Offer): number | null;
  /** Reads the runs anew if what is known is over a second old. Older knowledge only makes answers look older. */
  renew(): Promise<void>;
}

const KNOWN_FOR_MS = 1_000;

export function createConfirmations(
  read: () => Promise<ReadonlyMap<SupplierId, Confirmation>>,
  clock: Clock,
): Confirmations {
  let known: ReadonlyMap<SupplierId, Confirmation> = new Map();
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

export function confirmedObservedAt(offer: Offer, confirmation: Confirmation | undefined): number | null {
  const { stockObservedAt } = offer;
  if (stockObservedAt === null || !offer.listed) return stockObservedAt;
  const { confirmedAt = null, fullStartedAt = null } = confirmation ?? {};
  const isCovered = confirmedAt !== null && fullStartedAt !== null && stockObservedAt >= fullStartedAt;
  return isCovered ? Math.max(stockObservedAt, confirmedAt) : stockObservedAt;
}
