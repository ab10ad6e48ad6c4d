import type { SupplierId } from '../../domain/identity.ts';
import { parseAmount, PRICE_KINDS, toScaled } from '../../domain/money.ts';
import type {
  CatalogObservation,
  FactTime,
  ObservedLevel,
  ObservedPrice,
  PriceObservation,
  Rejection,
  StockObservation,
} from '../../domain/observation.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import { idOf, textOrNull } from '../reading.ts';
import { rawText } from '../schema-check.ts';
import { checkCatalogRow, checkPriceRow, checkStockRow } from './wire.ts';

/** Whose answer it is, for whom, and when it was asked for (our clock, epoch ms). */
export interface Circumstances {
  readonly supplier: SupplierId;
  readonly account: string;
  readonly observedAt: number;
}

/** Blanks at the ends are the supplier's slips; punctuation and case are the part's own. */
export function toCatalog(raw: unknown, from: Circumstances): CatalogObservation | Rejection {
  const { value: row, reason } = checkCatalogRow(raw);
  if (row === null) return reject(raw, from, reason);
  const time = timeOf(row.updated_at, from);
  if (time === null) return reject(raw, from, NO_MOMENT);
  // The supplier documents null as "sold singly".
  const pack = parseQuantity(row.pack_quantity ?? 1);
  if (pack?.quality !== 'exact' || pack.value < 1) {
    return reject(raw, from, 'pack_quantity must be a whole number of at least 1');
  }
  return {
    kind: 'catalog',
    supplier: from.supplier,
    supplierPartNumber: row.id,
    time,
    brand: row.brand.trim(),
    partNumber: row.part_number.trim(),
    title: textOrNull(row.title),
    packQuantity: pack.value,
    discontinued: row.discontinued === true,
    supersededBy: textOrNull(row.superseded_by),
  };
}

/**
 * Every location that the supplier names; one it does not name is unknown. One unreadable quantity refuses the whole
 * record, so that the levels known before stay.
 */
export function toStock(raw: unknown, from: Circumstances): StockObservation | Rejection {
  const { value: row, reason } = checkStockRow(raw);
  if (row === null) return reject(raw, from, reason);
  const time = timeOf(row.updated_at, from);
  if (time === null) return reject(raw, from, NO_MOMENT);
  const levels = new Map<string, ObservedLevel>();
  for (const level of row.levels) {
    const location = level.location.trim();
    const quantity = parseQuantity(level.quantity);
    if (quantity === null) return reject(raw, from, `the quantity at ${location} must be a whole number, or empty`);
    if (levels.has(location)) return reject(raw, from, `the location ${location} must be named once`);
    levels.set(location, { location, quantity });
  }
  const ordered = [...levels.values()].sort((a, b) => (a.location < b.location ? -1 : 1));
  return { kind: 'stock', supplier: from.supplier, supplierPartNumber: row.id, time, levels: ordered, complete: true };
}

/** Zero is no price. One unreadable price refuses the whole record: without it, that kind would count as withdrawn. */
export function toPrices(raw: unknown, from: Circumstances): PriceObservation | Rejection {
  const { value: row, reason } = checkPriceRow(raw);
  if (row === null) return reject(raw, from, reason);
  const time = timeOf(row.updated_at, from);
  if (time === null) return reject(raw, from, NO_MOMENT);
  const prices: ObservedPrice[] = [];
  for (const kind of PRICE_KINDS) {
    if (isNotSaid(row[kind])) continue;
    const amount = parseAmount(row[kind]);
    if (amount === null) return reject(raw, from, `${kind} must be a decimal that is not negative, or empty`);
    if (toScaled(amount) > 0) prices.push({ kind, price: { amount, currency: row.currency } });
  }
  return {
    kind: 'price',
    supplier: from.supplier,
    supplierPartNumber: row.id,
    time,
    account: from.account,
    prices,
  };
}

/** @param reason goes on from "The sandbox's record cannot be taken: " */
export function reject(raw: unknown, from: Circumstances, reason: string, key = idOf(raw)): Rejection {
  const whose = key === null ? 'record' : `record ${key}`;
  return {
    supplier: from.supplier,
    supplierPartNumber: key,
    reason: `The sandbox's ${whose} cannot be taken: ${reason}.`,
    raw: rawText(raw),
  };
}

const NO_MOMENT = 'updated_at must be a moment that exists';

function timeOf(updatedAt: string, from: Circumstances): FactTime | null {
  const version = Date.parse(updatedAt);
  return Number.isNaN(version) || version <= 0 ? null : { version, observedAt: from.observedAt, sourceAsOf: version };
}

function isNotSaid(amount: unknown): boolean {
  return amount === null || amount === undefined || (typeof amount === 'string' && amount.trim() === '');
}
