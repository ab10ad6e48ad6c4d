import type { SupplierId } from '../../domain/identity.ts';
import { parseAmount, toScaled, type PriceKind } from '../../domain/money.ts';
import type {
  CatalogObservation,
  FactTime,
  ObservedLevel,
  ObservedPrice,
  PriceObservation,
  Rejection,
  StockObservation,
} from '../../domain/observation.ts';
import { parseQuantity, quantityValue, type Quantity } from '../../domain/quantity.ts';
import { idOf, textOrNull } from '../reading.ts';
import { rawText } from '../schema-check.ts';
import { checkInventory, checkItem, checkPricing, MANUFACTURER_LOCATION } from './wire.ts';
import type { WirePricing } from './wire.ts';

/**
 * Who answered, for whom, and when it was asked. Turn14 puts no timestamp on anything, and its `Date` is a whole second: two
 * answers within one would be put in the wrong order. So the version is the moment of the permit, on the budget's clock.
 */
export interface Circumstances {
  readonly supplier: SupplierId;
  readonly account: string;
  readonly time: FactTime;
}

/** Turn14's prices bear no currency. It is a distributor in the United States that bills in dollars. */
const CURRENCY = 'USD';

/** Price kinds by the name of the price list, in lower case. Earlier names win: MSRP before Retail. Others are not used. */
const PRICE_LISTS: readonly (readonly [name: string, kind: PriceKind])[] = [
  ['map', 'map'],
  ['jobber', 'jobber'],
  ['msrp', 'retail'],
  ['retail', 'retail'],
];

/** A part is known by its maker's number; Turn14's own `part_number` differs from it. */
export function toCatalog(raw: unknown, from: Circumstances): CatalogObservation | Rejection {
  const { value: item, reason } = checkItem(raw);
  if (item === null) return reject(raw, from, reason);
  const { attributes } = item;
  const pack = parseQuantity(attributes.units_per_sku ?? 1);
  if (pack?.quality !== 'exact' || pack.value < 1) {
    return reject(raw, from, 'attributes.units_per_sku must be a whole number of at least 1');
  }
  return {
    kind: 'catalog',
    supplier: from.supplier,
    supplierPartNumber: item.id,
    time: from.time,
    brand: attributes.brand.trim(),
    partNumber: attributes.mfr_part_number.trim(),
    title: textOrNull(attributes.product_name) ?? textOrNull(attributes.part_description),
    packQuantity: pack.value,
    discontinued: attributes.active === false,
    supersededBy: null,
  };
}

/**
 * Every warehouse that Turn14 names, and no other: where one is absent, nothing is known. One unreadable quantity refuses
 * the whole record, so that the levels known before stay.
 */
export function toStock(raw: unknown, from: Circumstances): StockObservation | Rejection {
  const { value: inventory, reason } = checkInventory(raw);
  if (inventory === null) return reject(raw, from, reason);
  const levels: ObservedLevel[] = [];
  for (const [location, said] of Object.entries(inventory.attributes.inventory)) {
    const quantity = parseQuantity(said);
    if (quantity === null) return reject(raw, from, `attributes.inventory.${location} must be a whole number`);
    levels.push({ location, quantity });
  }
  const manufacturerStock = parseQuantity(inventory.attributes.manufacturer?.stock);
  if (manufacturerStock === null) return reject(raw, from, 'attributes.manufacturer.stock must be a whole number');
  levels.push(...manufacturerLevel(manufacturerStock));
  return {
    kind: 'stock',
    supplier: from.supplier,
    supplierPartNumber: inventory.id,
    time: from.time,
    levels: levels.sort((a, b) => (a.location < b.location ? -1 : 1)),
    complete: true,
  };
}

/** Zero is no price: Turn14 sends a MAP of 0 where there is none. One unreadable price refuses the whole record. */
export function toPrices(raw: unknown, from: Circumstances): PriceObservation | Rejection {
  const { value: pricing, reason } = checkPricing(raw);
  if (pricing === null) return reject(raw, from, reason);
  const stated = statedPrices(pricing.attributes);
  const prices = new Map<PriceKind, ObservedPrice>();
  for (const { name, kind, said } of stated) {
    if (said === null || said === undefined) continue;
    const amount = parseAmount(said);
    if (amount === null) return reject(raw, from, `the price ${name} must be a decimal that is not negative`);
    if (toScaled(amount) === 0 || prices.has(kind)) continue;
    prices.set(kind, { kind, price: { amount, currency: CURRENCY } });
  }
  return {
    kind: 'price',
    supplier: from.supplier,
    supplierPartNumber: pricing.id,
    time: from.time,
    account: from.account,
    prices: [...prices.values()],
  };
}

/** @param reason goes on from "Turn14's record cannot be taken: " */
export function reject(raw: unknown, from: Circumstances, reason: string): Rejection {
  return {
    supplier: from.supplier,
    supplierPartNumber: idOf(raw),
    reason: `Turn14's record cannot be taken: ${reason}.`,
    raw: rawText(raw),
  };
}

/** What lies at the maker can be ordered; it is not in stock. Its dates (`esd`, `eta`) bear no zone and are not used. */
function manufacturerLevel(stock: Quantity): ObservedLevel[] {
  const value = quantityValue(stock);
  return value !== null && value > 0
    ? [{ location: MANUFACTURER_LOCATION, quantity: { quality: 'specialOrder' } }]
    : [];
}

interface StatedPrice {
  readonly name: string;
  readonly kind: PriceKind;
  readonly said: unknown;
}

function statedPrices({ purchase_cost, has_map, pricelists }: WirePricing['attributes']): StatedPrice[] {
  const lists = byName(pricelists);
  const stated: StatedPrice[] = [{ name: 'purchase_cost', kind: 'cost', said: purchase_cost }];
  for (const [name, kind] of PRICE_LISTS) {
    if (kind === 'map' && has_map === false) continue;
    for (const said of lists.get(name) ?? []) stated.push({ name, kind, said });
  }
  return stated;
}

/** `[{name, price}]`, or the older `{name: price}`, as lower-case name -> what was said under it, in the order sent. */
function byName(pricelists: WirePricing['attributes']['pricelists']): Map<string, unknown[]> {
  const entries: (readonly [string, unknown])[] = isList(pricelists)
    ? pricelists.map(({ name, price }) => [name, price] as const)
    : Object.entries(pricelists ?? {});
  const lists = new Map<string, unknown[]>();
  for (const [name, price] of entries) {
    const key = name.trim().toLowerCase();
    lists.set(key, [...(lists.get(key) ?? []), price]);
  }
  return lists;
}

function isList<T>(value: readonly T[] | object | null): value is readonly T[] {
  return Array.isArray(value);
}
