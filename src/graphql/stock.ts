import { quantityValue, type Quantity } from '../domain/quantity.ts';
import type {
  AvailabilityResolvers,
  ChangedQuantityResolvers,
  FreshnessResolvers,
  OfferStockResolvers,
  QuantityQuality,
  StockLevelResolvers,
} from './generated.ts';

export const StockLevel: StockLevelResolvers = {
  supplier: (level) => ({ id: level.supplier }),
  quantity: (level) => shownCount(quantityValue(level.quantity)),
  quality: (level) => shownQuality(level.quantity),
};

export const ChangedQuantity: ChangedQuantityResolvers = {
  quantity: (quantity) => shownCount(quantityValue(quantity)),
  quality: (quantity) => shownQuality(quantity),
};

export const OfferStock: OfferStockResolvers = {
  levels: (stock, _, { counted }) => [...counted(stock.levels)],
};

export const Availability: AvailabilityResolvers = {
  levels: (availability, _, { counted }) => [...counted(availability.levels)],
  quantity: (availability) => shownCount(availability.quantity),
  quantityIsAtLeast: (availability) =>
    availability.quantityIsAtLeast || (availability.quantity !== null && availability.quantity > MAX_SHOWN_COUNT),
};

export const Freshness: FreshnessResolvers = {
  age: (freshness) => freshness.ageMs,
};

/** The largest number that every client's integer holds. */
const MAX_SHOWN_COUNT = 2_147_483_647;

/** A supplier that counts below zero (more promised than there is) has none to sell. */
function shownCount(value: number | null): number | null {
  return value === null ? null : Math.min(Math.max(0, value), MAX_SHOWN_COUNT);
}

const SHOWN_QUALITY: Record<Quantity['quality'], QuantityQuality> = {
  exact: 'EXACT',
  atLeast: 'AT_LEAST',
  unknown: 'UNKNOWN',
  specialOrder: 'SPECIAL_ORDER',
};

function shownQuality(quantity: Quantity): QuantityQuality {
  return SHOWN_QUALITY[quantity.quality];
}
