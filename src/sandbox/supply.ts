import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import { toCatalogRows, type CatalogLine, type CatalogRow } from './catalog.ts';
import { createListing, type Listing } from './listing.ts';
import { generatePriceRows, type PriceRow, type WirePrices } from './prices.ts';
import { createRandom, streamSeed, type SeededRandom } from './random.ts';
import {
  generateStockRows,
  moveLevel,
  wireCount,
  LOCATIONS,
  type StockRow,
  type WireLevel,
  type WireQuantity,
} from './stock.ts';

/** What the supplier has and sells, and the hands that change it. */
export interface Supply {
  readonly catalog: Listing<CatalogRow>;
  readonly stock: Listing<StockRow>;
  readonly prices: Listing<PriceRow>;
  /** Puts a quantity at a location, known for the part so far or not. */
  setStock(id: string, location: string, quantity: WireQuantity): void;
  /** Sells and restocks at `count` places drawn by the seed. */
  moveStock(count: number): void;
  setPrices(id: string, prices: Partial<WirePrices>): void;
  setCatalog(id: string, change: CatalogChange): void;
  /** A removed part is in no list any longer, deltas included, and no key finds it; it comes back as it was. */
  setRemoved(id: string, isRemoved: boolean): void;
}

export type CatalogChange = Partial<Omit<CatalogRow, 'id' | 'updated_at'>>;

/**
 * One sale in five is of any part; the others are of the fifth that sells: on real lists three of four parts do not move
 * in a month.
 */
const BUSY_SHARE = 0.2;
/** Of the parts drawn that are sold out, how many get a delivery. */
const DELIVERY_SHARE = 0.2;
const MAX_DRAWS = 20;

/** All of it follows from lines and seed; all of it is stamped as changed at the start, so that it outranks an earlier run. */
export function createSupply(lines: readonly CatalogLine[], seed: number, clock: Clock): Supply {
  const startedAt = new Date(clock.now()).toISOString();
  const rows = toCatalogRows(lines, startedAt);
  const ids = rows.map((row) => row.id);
  const removed = new Set<string>();
  const isRemoved = (id: string): boolean => removed.has(id);
  const catalog = createListing(rows, isRemoved, clock);
  const stock = createListing(generateStockRows(ids, streamSeed(seed, 'stock'), startedAt), isRemoved, clock);
  const prices = createListing(generatePriceRows(ids, streamSeed(seed, 'prices'), startedAt), isRemoved, clock);
  const moves = createRandom(streamSeed(seed, 'moves'));
  const firstBusy = moves.below(ids.length);

  const drawPart = (): StockRow | undefined => {
    const reach = moves.chance(BUSY_SHARE) ? ids.length : Math.max(1, Math.floor(ids.length * BUSY_SHARE));
    return stock.get(ids[(firstBusy + moves.below(reach)) % ids.length] ?? '');
  };

  const moveOne = (): void => {
    let row = drawPart();
    for (let tries = 0; tries < MAX_DRAWS && (row === undefined || !mayMove(row, moves)); tries += 1) row = drawPart();
    if (row === undefined) return;
    const stocked = row.levels.filter(isStocked);
    const level = stocked[moves.below(stocked.length)] ?? row.levels[0];
    if (level === undefined) return;
    const moved = moveLevel(level, moves);
    stock.change({ ...row, levels: row.levels.map((one) => (one === level ? moved : one)) });
  };

  return {
    catalog,
    stock,
    prices,
    setStock: (id, location, quantity) => {
      const place = LOCATIONS.find((known) => known === location);
      if (place === undefined) throw bad(`There is no location ${location}: use one of ${LOCATIONS.join(', ')}.`);
      const row = known(stock, id);
      const others = row.levels.filter((level) => level.location !== place);
      const levels = [...others, { location: place, quantity }];
      levels.sort((a, b) => LOCATIONS.indexOf(a.location) - LOCATIONS.indexOf(b.location));
      stock.change({ ...row, levels });
    },
    moveStock: (count) => {
      for (let move = 0; move < count; move += 1) moveOne();
    },
    setPrices: (id, change) => prices.change({ ...known(prices, id), ...change }),
    setCatalog: (id, change) => catalog.change({ ...known(catalog, id), ...change }),
    setRemoved: (id, isGone) => {
      if (isGone) {
        known(catalog, id);
        removed.add(id);
      } else if (removed.delete(id)) {
        catalog.change(known(catalog, id));
        stock.change(known(stock, id));
        prices.change(known(prices, id));
      }
    },
  };
}

function mayMove(row: StockRow, moves: SeededRandom): boolean {
  return row.levels.some(isStocked) || moves.chance(DELIVERY_SHARE);
}

function isStocked(level: WireLevel): boolean {
  return (wireCount(level.quantity) ?? 0) > 0;
}

function known<Row extends { readonly id: string; readonly updated_at: string }>(
  listing: Listing<Row>,
  id: string,
): Row {
  const row = listing.get(id);
  if (row === undefined) throw bad(`There is no part ${id}: take an id from /v1/catalog.`);
  return row;
}

function bad(message: string): GatewayError {
  return new GatewayError('BAD_USER_INPUT', message);
}
