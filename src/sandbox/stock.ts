import { createRandom, type SeededRandom } from './random.ts';

/** A quantity as it is sent: `5`, `"5"`, `"25+"` (at least), `""` or null (not told), now and then negative. */
export type WireQuantity = number | string | null;

export interface WireLevel {
  readonly location: Location;
  readonly quantity: WireQuantity;
}

/** Stock of a part as it is sent, at every location the supplier knows for it. */
export interface StockRow {
  readonly id: string;
  readonly updated_at: string;
  readonly levels: readonly WireLevel[];
}

export const LOCATIONS = ['BHM', 'LDS', 'OXF'] as const;
export type Location = (typeof LOCATIONS)[number];

/**
 * Draws stock as measured on two real lists: in stock at 0, 1, 2 or 3 branches for 52, 23, 15 and 10% of parts; what is not
 * there is said as zero, sometimes as nothing at all.
 */
export function generateStockRows(ids: readonly string[], seed: number, updatedAt: string): StockRow[] {
  const random = createRandom(seed);
  return ids.map((id) => ({ id, updated_at: updatedAt, levels: drawLevels(random) }));
}

/** One sale, or a delivery where nothing is left to sell; written in the form the level had. */
export function moveLevel(level: WireLevel, random: SeededRandom): WireLevel {
  const count = wireCount(level.quantity);
  const sold = count !== null && count > 0 ? Math.max(0, count - 1 - random.below(3)) : null;
  const after = sold ?? drawCount(level.location, random);
  return { ...level, quantity: typeof level.quantity === 'number' ? after : String(after) };
}

/** The number behind what is sent; null where it tells none. */
export function wireCount(quantity: WireQuantity): number | null {
  const count = typeof quantity === 'string' ? Number.parseInt(quantity, 10) : quantity;
  return count === null || Number.isNaN(count) ? null : count;
}

/** Quantities where there are any, by deciles 0, 10, …, 100, measured on three branches of different size. */
const DECILES: Record<Location, readonly number[]> = {
  BHM: [1, 1, 1, 1, 2, 2, 4, 6, 9, 20, 4516],
  LDS: [1, 1, 1, 2, 2, 3, 4, 5, 8, 13, 1265],
  OXF: [1, 1, 1, 1, 2, 2, 2, 3, 4, 6, 100],
};

const NEGATIVE_SHARE: Record<Location, number> = { BHM: 0.012, LDS: 0.002, OXF: 0.002 };

/** Above this a part whose numbers are capped is said to have "25+". */
const CAP = 25;

function drawLevels(random: SeededRandom): WireLevel[] {
  const draw = random.next();
  const holding = draw < 0.52 ? 0 : draw < 0.75 ? 1 : draw < 0.9 ? 2 : 3;
  const asNumber = random.chance(0.3);
  const isCapped = random.chance(0.3);
  const knowsSmallest = random.chance(0.9) || holding === 3;
  const known = knowsSmallest ? LOCATIONS : LOCATIONS.slice(0, 2);
  const first = random.chance(0.75) ? 0 : random.below(known.length);
  return known.map((location, index) => {
    const isHolding = (index - first + known.length) % known.length < holding;
    const count = isHolding ? drawCount(location, random) : drawNone(location, random);
    if (count === null) return { location, quantity: asNumber ? null : '' };
    if (isCapped && count > CAP) return { location, quantity: `${CAP}+` };
    return { location, quantity: asNumber ? count : String(count) };
  });
}

function drawCount(location: Location, random: SeededRandom): number {
  const deciles = DECILES[location];
  const bin = random.below(10);
  const low = deciles[bin] ?? 1;
  const high = deciles[bin + 1] ?? low;
  // The last tenth reaches from tens to thousands, nearly all of it near its lower end.
  if (bin === 9) return Math.round(low * (high / low) ** (random.next() ** 6));
  return low + random.below(high - low + 1);
}

/** What is said where nothing is: zero, nothing (null), or less than nothing. */
function drawNone(location: Location, random: SeededRandom): number | null {
  if (random.chance(NEGATIVE_SHARE[location])) return -1 - random.below(5);
  return random.chance(0.08) ? null : 0;
}
