import type { Freshness, FreshnessStatus } from '../domain/freshness.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { Part } from '../domain/part.ts';
import { quantityValue, type Quantity } from '../domain/quantity.ts';

export interface LevelView {
  readonly supplier: SupplierId;
  readonly location: string;
  readonly quantity: Quantity;
  readonly freshness: Freshness;
}

export interface OfferStockView {
  /** False where the supplier's latest word is that it has no such part; `levels` is then empty. */
  readonly isListed: boolean;
  readonly levels: readonly LevelView[];
  readonly freshness: Freshness;
}

export type StockState = 'IN_STOCK' | 'OUT_OF_STOCK' | 'SPECIAL_ORDER' | 'DISCONTINUED' | 'UNKNOWN';

export interface AvailabilityView {
  readonly state: StockState;
  /** Counted pieces over all locations, each clamped at zero; null where no location has a number. */
  readonly quantity: number | null;
  readonly quantityIsAtLeast: boolean;
  readonly levels: readonly LevelView[];
  readonly freshness: Freshness;
}

const NEVER_SEEN: Freshness = {
  status: 'NEVER_SEEN',
  reason: 'NOT_REFRESHABLE',
  origin: 'COPY',
  observedAt: null,
  sourceAsOf: null,
  ageMs: null,
  retryAt: null,
};

/** A part over all its offers. Pure. Unknown is never zero: out of stock needs a zero from every listed offer. */
export function availabilityOf(part: Part, stocks: readonly OfferStockView[]): AvailabilityView {
  const levels = stocks.flatMap((stock) => stock.levels);
  const quantities = levels.map((level) => level.quantity);
  const counted = quantities.map(quantityValue).filter((value) => value !== null);
  const quantity = counted.length === 0 ? null : counted.reduce((sum, value) => sum + Math.max(0, value), 0);
  return {
    state: stateOf(part, stocks, quantity, quantities),
    quantity,
    quantityIsAtLeast: quantities.some((each) => each.quality === 'atLeast'),
    levels,
    freshness: leastFresh(stocks.map((stock) => stock.freshness)),
  };
}

function stateOf(
  part: Part,
  stocks: readonly OfferStockView[],
  quantity: number | null,
  quantities: readonly Quantity[],
): StockState {
  if (quantity !== null && quantity > 0) return 'IN_STOCK';
  if (part.discontinued) return 'DISCONTINUED';
  if (quantities.some((each) => each.quality === 'specialOrder')) return 'SPECIAL_ORDER';
  return stocks.length > 0 && stocks.every(saysNone) ? 'OUT_OF_STOCK' : 'UNKNOWN';
}

/** A supplier that no longer lists the part has none of it; one that lists it must say zero everywhere it tells about. */
function saysNone({ isListed, levels }: OfferStockView): boolean {
  if (!isListed) return true;
  return levels.length > 0 && levels.every((level) => level.quantity.quality === 'exact');
}

const ROUGHNESS: Record<FreshnessStatus, number> = { FRESH: 0, STALE: 1, EXPIRED: 2, NEVER_SEEN: 3 };

/** The worst status, then the oldest. An answer from nothing was never seen. */
export function leastFresh(all: readonly Freshness[]): Freshness {
  return (
    all.reduce<Freshness | null>((worst, each) => (worst === null || isLessFresh(each, worst) ? each : worst), null) ??
    NEVER_SEEN
  );
}

function isLessFresh(a: Freshness, b: Freshness): boolean {
  const difference = ROUGHNESS[a.status] - ROUGHNESS[b.status];
  return difference !== 0 ? difference > 0 : (a.ageMs ?? Infinity) > (b.ageMs ?? Infinity);
}
