import { Decimal } from 'decimal.js';

/** An ISO 4217 code in capitals. */
export type Currency = string;

/** `amount` is a decimal in plain notation with at most four places, e.g. `"143.25"`; never a binary float. */
export interface Money {
  readonly amount: string;
  readonly currency: Currency;
}

/** What a price is for. `cost` and `core` belong to one account and never reach a caller without the scope for it. */
export const PRICE_KINDS = ['cost', 'jobber', 'map', 'retail', 'core'] as const;
export type PriceKind = (typeof PRICE_KINDS)[number];

/** Stored money is a whole number of 1/10000: exact in every database. */
const SCALE = 10_000;
const MAX_SCALED = 900_000_000_000_000;

/**
 * Reads what suppliers send as a price: `12.5`, `"143.25"`, `"00143.25"`, `"$1,099.99"`; a decimal comma is refused. Rounds half up to four places, once.
 * @returns null where it is no price: absent, empty, malformed, negative, or past 90 billion
 */
export function parseAmount(raw: unknown): string | null {
  if (typeof raw !== 'string' && typeof raw !== 'number') return null;
  const text = String(raw).trim().replace(/^\$/, '');
  if (!/^(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d{1,2})?$/i.test(text)) return null;
  const scaled = new Decimal(text.replaceAll(',', '')).mul(SCALE).toDecimalPlaces(0, Decimal.ROUND_HALF_UP);
  return scaled.lte(MAX_SCALED) ? fromScaled(scaled.toNumber()) : null;
}

/** Decimal text -> whole 1/10000, below 2⁵³. */
export function toScaled(amount: string): number {
  return new Decimal(amount).mul(SCALE).toNumber();
}

/** Whole 1/10000 -> decimal text with at least two places: 1432500 -> `"143.25"`. */
export function fromScaled(scaled: number): string {
  const decimal = new Decimal(scaled).div(SCALE);
  return decimal.decimalPlaces() > 2 ? decimal.toFixed(decimal.decimalPlaces()) : decimal.toFixed(2);
}
