import type { OfferId, PartId } from '../domain/identity.ts';
import type { FactTime } from '../domain/observation.ts';
import type { Offer, StockLevel } from '../domain/part.ts';
import { inChunks, KEYS_PER_STATEMENT } from './database.ts';
import type { Queryable } from './database.ts';
import { laterAsked, levelInForce } from '../domain/fact-time.ts';
import { isDoubted, timeOf } from './fact-times.ts';
import type { TimedLevel } from '../domain/fact-time.ts';
import { placeholders, selectRows } from './select-rows.ts';
import { readLevels } from './stock-levels.ts';

/** An offer together with its printed brand and number, which the part takes from its first offer. */
export interface PrintedOffer {
  readonly offer: Offer;
  /** Null while only stock or prices have been seen. */
  readonly brand: string | null;
  readonly partNumber: string | null;
}

/** Offers by id, with their levels; an unknown id is missing from the map. Two statements for each 1,000 ids. */
export async function readOffers(db: Queryable, offerIds: readonly OfferId[]): Promise<Map<OfferId, Offer>> {
  const printed = await readPrintedOffers(db, 'offer_id', offerIds);
  return new Map(printed.map(({ offer }) => [offer.id, offer]));
}

/** All offers of the parts, ordered by supplier, then the supplier's number. */
export function readOffersOfParts(db: Queryable, partIds: readonly PartId[]): Promise<PrintedOffer[]> {
  return readPrintedOffers(db, 'part_id', partIds);
}

async function readPrintedOffers(
  db: Queryable,
  column: 'offer_id' | 'part_id',
  ids: readonly string[],
): Promise<PrintedOffer[]> {
  const printed: PrintedOffer[] = [];
  for (const some of inChunks([...new Set(ids)], KEYS_PER_STATEMENT)) {
    const rows = await selectRows<OfferRow>(
      db,
      `SELECT ${OFFER_COLUMNS} FROM offers WHERE ${column} IN (${placeholders(some.length)}) ORDER BY supplier, supplier_part_number`,
      some,
    );
    // After the offers, never before or beside them: a level may then look older than it is, never newer.
    const levels = await readLevels(
      db,
      rows.map((row) => row.offer_id),
    );
    for (const row of rows) printed.push(toPrintedOffer(row, [...(levels.get(row.offer_id)?.values() ?? [])]));
  }
  return printed;
}

const OFFER_COLUMNS = `offer_id, supplier, supplier_part_number, part_id, brand, part_number, title, pack_quantity, is_discontinued,
  superseded_by, catalog_observed_at, stock_version, stock_observed_at, stock_source_as_of,
  stock_seen_by_full_at, stock_doubted_at, absent_version, absent_observed_at, absent_source_as_of`;

interface OfferRow {
  offer_id: string;
  supplier: string;
  supplier_part_number: string;
  part_id: string | null;
  brand: string | null;
  part_number: string | null;
  title: string | null;
  pack_quantity: number;
  is_discontinued: number;
  superseded_by: string | null;
  catalog_observed_at: number | null;
  stock_version: number | null;
  stock_observed_at: number | null;
  stock_source_as_of: number | null;
  stock_seen_by_full_at: number | null;
  stock_doubted_at: number | null;
  absent_version: number | null;
  absent_observed_at: number | null;
  absent_source_as_of: number | null;
}

function toPrintedOffer(row: OfferRow, levels: readonly TimedLevel[]): PrintedOffer {
  const stock = timeOf(row.stock_version, row.stock_observed_at, row.stock_source_as_of);
  const absent = timeOf(row.absent_version, row.absent_observed_at, row.absent_source_as_of);
  const inForce = levels.map((level) => levelInForce(level, stock, absent));
  const listed = isListed(row.catalog_observed_at, stock, absent, inForce);
  const asked = listed ? stock : laterAsked(stock, absent);
  return {
    brand: row.brand,
    partNumber: row.part_number,
    offer: {
      id: row.offer_id,
      partId: row.part_id,
      supplier: row.supplier,
      supplierPartNumber: row.supplier_part_number,
      title: row.title,
      packQuantity: row.pack_quantity,
      discontinued: Boolean(row.is_discontinued),
      supersededBy: row.superseded_by,
      listed,
      stockObservedAt: asked?.observedAt ?? null,
      stockSourceAsOf: asked?.sourceAsOf ?? null,
      stockSeenByFullAt: isDoubted(row.stock_doubted_at, stock) ? null : row.stock_seen_by_full_at,
      levels: inForce.map(toStockLevel),
    },
  };
}

/** Anything the supplier said of the offer after its "no such part" lists it again. */
function isListed(
  catalogObservedAt: number | null,
  stock: FactTime | null,
  absent: FactTime | null,
  inForce: readonly TimedLevel[],
): boolean {
  if (absent === null) return true;
  const after = (observedAt: number | null | undefined): boolean => (observedAt ?? -1) > absent.observedAt;
  return after(catalogObservedAt) || after(stock?.observedAt) || inForce.some(({ time }) => time !== absent);
}

function toStockLevel({ location, quantity, time }: TimedLevel): StockLevel {
  return { location, quantity, version: time.version, observedAt: time.observedAt, sourceAsOf: time.sourceAsOf };
}
