/**
 * How much a supplier says it has, with the quality of the statement. Unknown is never zero: zero stands only where the
 * supplier says so or its contract says that an omission means zero.
 */
export type Quantity =
  | { readonly quality: 'exact'; readonly value: number }
  | { readonly quality: 'atLeast'; readonly value: number }
  | { readonly quality: 'unknown' }
  | { readonly quality: 'specialOrder' };

export type QuantityQuality = Quantity['quality'];

export const UNKNOWN_QUANTITY: Quantity = { quality: 'unknown' };

/** The largest count taken for real; anything above is a slip of the supplier's. */
export const MAX_QUANTITY = 1_000_000_000;

export function exactly(value: number): Quantity {
  return { quality: 'exact', value };
}

export function atLeast(value: number): Quantity {
  return { quality: 'atLeast', value };
}

/** The number behind the statement, or null where there is none. */
export function quantityValue(quantity: Quantity): number | null {
  return 'value' in quantity ? quantity.value : null;
}

export function sameQuantity(a: Quantity, b: Quantity): boolean {
  return a.quality === b.quality && quantityValue(a) === quantityValue(b);
}

/**
 * Reads what suppliers send as a quantity: `5`, `"5"`, `"000000003"`, `"25+"`, `">10"`, `"1,250"`.
 * Empty, null and absent are unknown. A negative count is kept as it is (it is clamped where it is sold, not here).
 * @returns null where the text is no quantity at all: the record is then a dead letter, never a zero
 */
export function parseQuantity(raw: unknown): Quantity | null {
  if (raw === null || raw === undefined) return UNKNOWN_QUANTITY;
  if (typeof raw === 'number') return wholeNumber(raw);
  if (typeof raw !== 'string') return null;
  const text = raw.trim();
  if (text === '') return UNKNOWN_QUANTITY;
  const capped = /^(?:>=?\s*)?([\d,]+)\+?$/.exec(text)?.[1];
  const isCapped = text.startsWith('>') || text.endsWith('+');
  if (isCapped)
    return capped !== undefined && WHOLE_NUMBER.test(capped) ? asAtLeast(wholeNumber(digits(capped))) : null;
  return WHOLE_NUMBER.test(text) ? wholeNumber(digits(text)) : null;
}

/** `1,250` has thousands; `0,534` and `1,5` have a decimal comma and are no count. */
const WHOLE_NUMBER = /^-?[1-9]\d{0,2}(?:,\d{3})+$|^-?\d+(?:\.0+)?$/;

function digits(text: string): number {
  return Number(text.replaceAll(',', ''));
}

function wholeNumber(value: number): Quantity | null {
  return Number.isInteger(value) && Math.abs(value) <= MAX_QUANTITY ? exactly(value === 0 ? 0 : value) : null;
}

function asAtLeast(quantity: Quantity | null): Quantity | null {
  return quantity?.quality === 'exact' ? atLeast(quantity.value) : null;
}
