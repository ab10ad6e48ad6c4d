import type { OfferId, PartId, SupplierId, SupplierPartNumber } from '../domain/identity.ts';
import { identityForm, searchForm } from '../domain/identity.ts';
import type { FactTime } from '../domain/observation.ts';
import { inChunks, KEYS_PER_STATEMENT } from './database.ts';
import type { Queryable } from './database.ts';
import { timeOf, timeValues } from './fact-times.ts';
import { placeholders, selectRows } from './select-rows.ts';
import { upsertRows } from './upsert.ts';
import type { Upsert } from './upsert.ts';

export interface OfferKey {
  readonly offerId: OfferId;
  readonly supplier: SupplierId;
  readonly supplierPartNumber: SupplierPartNumber;
}

/** The catalog's word on an offer. */
export interface StoredCatalog {
  readonly partId: PartId;
  readonly brand: string;
  readonly partNumber: string;
  readonly title: string | null;
  readonly packQuantity: number;
  readonly discontinued: boolean;
  readonly supersededBy: string | null;
  readonly time: FactTime;
}

/** An offer's own row. The times are null where that kind of fact has not been seen. */
export interface StoredOffer extends OfferKey {
  readonly partId: PartId | null;
  /** Null also where it was not asked for. */
  readonly catalog: StoredCatalog | null;
  /** Of the latest complete answer about its stock. */
  readonly stock: FactTime | null;
  /** Start of the latest full run over the stock feed that saw it. */
  readonly seenByFullAt: number | null;
  /** When something said of its stock last could not be taken. */
  readonly doubtedAt: number | null;
  /** Of the latest "no such part". */
  readonly absent: FactTime | null;
}

/**
 * Makes the missing rows of the offers, locks all of them until the transaction ends, and reads them.
 * The insert is what locks: on a key that is there it takes that row alone. A locking SELECT would not do: on a small table MySQL
 * scans the whole of it and locks every row it passes, and writers deadlock.
 * Has to be the transaction's first statement, so that what is read next is what the last holder of the locks committed.
 * @param keys sorted by `offerId`, each once
 */
export async function lockOffers(
  t: Queryable,
  keys: readonly OfferKey[],
  withCatalog: boolean,
): Promise<Map<OfferId, StoredOffer>> {
  await upsertRows(
    t,
    OFFER_KEYS,
    keys.map((key) => [key.offerId, key.supplier, key.supplierPartNumber]),
  );
  const offers = new Map<OfferId, StoredOffer>();
  const columns = withCatalog ? `${TIME_COLUMNS}, ${CATALOG_COLUMNS}` : TIME_COLUMNS;
  for (const some of inChunks(keys, KEYS_PER_STATEMENT)) {
    const rows = await selectRows<OfferRow>(
      t,
      `SELECT ${columns} FROM offers WHERE offer_id IN (${placeholders(some.length)})`,
      some.map((key) => key.offerId),
    );
    for (const row of rows) offers.set(row.offer_id, toStoredOffer(row, withCatalog));
  }
  return offers;
}

/** Writes what catalogs say, and the rows of parts not yet known. Sorted by `offerId`. */
export async function writeCatalog(
  t: Queryable,
  offers: readonly (OfferKey & { readonly catalog: StoredCatalog })[],
): Promise<void> {
  const parts = new Map(offers.map(({ catalog }) => [catalog.partId, catalog]));
  await upsertRows(
    t,
    PARTS,
    [...parts.values()]
      .sort((a, b) => (a.partId < b.partId ? -1 : 1))
      .map(({ partId, brand, partNumber }) => [
        partId,
        identityForm(brand),
        identityForm(partNumber),
        searchForm(partNumber),
      ]),
  );
  await upsertRows(
    t,
    CATALOG,
    offers.map(({ catalog, ...key }) => [
      ...keyValues(key),
      catalog.partId,
      catalog.brand,
      catalog.partNumber,
      catalog.title,
      catalog.packQuantity,
      Number(catalog.discontinued),
      catalog.supersededBy,
      ...timeValues(catalog.time),
    ]),
  );
}

/** Sorted by `offerId`. */
export async function writeStockTimes(
  t: Queryable,
  offers: readonly (OfferKey & { readonly time: FactTime; readonly seenByFullAt: number | null })[],
): Promise<void> {
  const rows = offers.map((offer) => [...keyValues(offer), offer.seenByFullAt, ...timeValues(offer.time)]);
  await upsertRows(t, STOCK_TIMES, rows);
}

/** For offers that a full run saw without bringing anything new of them. Sorted by `offerId`. */
export async function writeSeenByFull(
  t: Queryable,
  offers: readonly (OfferKey & { readonly seenByFullAt: number })[],
): Promise<void> {
  const rows = offers.map((offer) => [...keyValues(offer), offer.seenByFullAt]);
  await upsertRows(t, SEEN_BY_FULL, rows);
}

/** Notes that something said of the stock of these offers could not be taken. One that is not known stays so. */
export async function doubtStock(t: Queryable, offerIds: readonly OfferId[], at: number): Promise<void> {
  // One by one, and rare: a condition over many keys may scan the table, and then locks all of it.
  for (const id of offerIds) await t.knex.raw('UPDATE offers SET stock_doubted_at = ? WHERE offer_id = ?', [at, id]);
}

/** Sorted by `offerId`. */
export async function writeAbsences(
  t: Queryable,
  offers: readonly (OfferKey & { readonly time: FactTime })[],
): Promise<void> {
  const rows = offers.map((offer) => [...keyValues(offer), ...timeValues(offer.time)]);
  await upsertRows(t, ABSENCES, rows);
}

function keyValues(key: OfferKey): string[] {
  return [key.offerId, key.supplier, key.supplierPartNumber];
}

const KEY_COLUMNS = ['offer_id', 'supplier', 'supplier_part_number'];
const OFFER_KEYS: Upsert = { table: 'offers', key: ['offer_id'], columns: KEY_COLUMNS, updates: [], order: null };
const PARTS: Upsert = {
  table: 'parts',
  key: ['part_id'],
  columns: ['part_id', 'brand_form', 'number_form', 'search_form'],
  updates: [],
  order: null,
};
const CATALOG = familyUpsert(
  ['part_id', 'brand', 'part_number', 'title', 'pack_quantity', 'is_discontinued', 'superseded_by'],
  'catalog',
  ['catalog_version', 'catalog_observed_at'],
);
const STOCK_TIMES = familyUpsert(['stock_seen_by_full_at'], 'stock', ['stock_version', 'stock_observed_at']);
const SEEN_BY_FULL: Upsert = {
  ...OFFER_KEYS,
  columns: [...KEY_COLUMNS, 'stock_seen_by_full_at'],
  updates: ['stock_seen_by_full_at'],
};
/** An absence has no version of the supplier's: when we asked decides. */
const ABSENCES = familyUpsert([], 'absent', ['absent_observed_at', 'absent_version']);

function familyUpsert(values: readonly string[], family: string, order: readonly [string, string]): Upsert {
  const updates = [...values, `${family}_version`, `${family}_observed_at`, `${family}_source_as_of`];
  return { table: 'offers', key: ['offer_id'], columns: [...KEY_COLUMNS, ...updates], updates, order };
}

const TIME_COLUMNS = `offer_id, supplier, supplier_part_number, part_id, stock_version, stock_observed_at, stock_source_as_of,
  stock_seen_by_full_at, stock_doubted_at, absent_version, absent_observed_at, absent_source_as_of`;
const CATALOG_COLUMNS = `brand, part_number, title, pack_quantity, is_discontinued, superseded_by,
  catalog_version, catalog_observed_at, catalog_source_as_of`;

interface OfferRow {
  offer_id: string;
  supplier: string;
  supplier_part_number: string;
  part_id: string | null;
  stock_version: number | null;
  stock_observed_at: number | null;
  stock_source_as_of: number | null;
  stock_seen_by_full_at: number | null;
  stock_doubted_at: number | null;
  absent_version: number | null;
  absent_observed_at: number | null;
  absent_source_as_of: number | null;
  brand: string | null;
  part_number: string | null;
  title: string | null;
  pack_quantity: number;
  is_discontinued: number;
  superseded_by: string | null;
  catalog_version: number | null;
  catalog_observed_at: number | null;
  catalog_source_as_of: number | null;
}

function toStoredOffer(row: OfferRow, withCatalog: boolean): StoredOffer {
  return {
    offerId: row.offer_id,
    supplier: row.supplier,
    supplierPartNumber: row.supplier_part_number,
    partId: row.part_id,
    catalog: withCatalog ? toStoredCatalog(row) : null,
    stock: timeOf(row.stock_version, row.stock_observed_at, row.stock_source_as_of),
    seenByFullAt: row.stock_seen_by_full_at,
    doubtedAt: row.stock_doubted_at,
    absent: timeOf(row.absent_version, row.absent_observed_at, row.absent_source_as_of),
  };
}

function toStoredCatalog(row: OfferRow): StoredCatalog | null {
  const time = timeOf(row.catalog_version, row.catalog_observed_at, row.catalog_source_as_of);
  if (time === null || row.part_id === null) return null;
  return {
    partId: row.part_id,
    brand: row.brand ?? '',
    partNumber: row.part_number ?? '',
    title: row.title,
    packQuantity: row.pack_quantity,
    discontinued: Boolean(row.is_discontinued),
    supersededBy: row.superseded_by,
    time,
  };
}
