import { identityForm, searchForm } from '../domain/identity.ts';
import { MAX_RAW_LENGTH } from '../domain/observation.ts';
import type { FactTime, Observation, Rejection } from '../domain/observation.ts';
import { MAX_QUANTITY, quantityValue } from '../domain/quantity.ts';

/** What the columns hold, in characters. */
const MAX_SUPPLIER_PART_NUMBER = 128;
const MAX_BRAND = 128;
const MAX_PART_NUMBER = 128;
/** Of the forms by which parts are found: some letters become two or three in capitals. */
const MAX_FORM = 255;
const MAX_TEXT = 4_000;
const MAX_LOCATION = 64;
const MAX_ACCOUNT = 64;

/**
 * Connectors check what suppliers send; this is only about what the database cannot hold. One such row would fail its whole
 * batch, on every try: it becomes a dead letter instead.
 * @returns null where the observation fits
 */
export function rejectUnfit(observation: Observation): Rejection | null {
  const { supplier, supplierPartNumber } = observation;
  const reason =
    textFault('supplier part number', supplierPartNumber, MAX_SUPPLIER_PART_NUMBER) ??
    timeFault(observation.time) ??
    contentFault(observation);
  if (reason === null) return null;
  return { supplier, supplierPartNumber, reason, raw: JSON.stringify(observation).slice(0, MAX_RAW_LENGTH) };
}

function contentFault(observation: Observation): string | null {
  switch (observation.kind) {
    case 'catalog':
      return (
        textFault('brand', observation.brand, MAX_BRAND) ??
        lengthFault('brand in capitals', identityForm(observation.brand), MAX_FORM) ??
        textFault('part number', observation.partNumber, MAX_PART_NUMBER) ??
        lengthFault('part number in capitals', identityForm(observation.partNumber), MAX_FORM) ??
        lengthFault('part number without punctuation', searchForm(observation.partNumber), MAX_FORM) ??
        lengthFault('title', observation.title, MAX_TEXT) ??
        lengthFault('words about a successor', observation.supersededBy, MAX_TEXT) ??
        countFault('pack quantity', observation.packQuantity)
      );
    case 'stock':
      return firstFault(
        observation.levels,
        ({ location, quantity }) =>
          textFault('location', location, MAX_LOCATION) ??
          countFault(`quantity at ${location}`, quantityValue(quantity)),
      );
    case 'price':
      return (
        textFault('account', observation.account, MAX_ACCOUNT) ??
        firstFault(observation.prices, ({ kind, price }) =>
          /^\d{1,11}(?:\.\d{1,4})?$/.test(price.amount) && /^[A-Z]{3}$/.test(price.currency)
            ? null
            : `The ${kind} price is no amount with at most four places and a currency of three capitals.`,
        )
      );
    case 'absence':
      return null;
  }
}

function firstFault<T>(items: readonly T[], faultOf: (item: T) => string | null): string | null {
  for (const item of items) {
    const fault = faultOf(item);
    if (fault !== null) return fault;
  }
  return null;
}

function timeFault({ version, observedAt, sourceAsOf }: FactTime): string | null {
  const isWhole = [version, observedAt, sourceAsOf ?? 0].every((ms) => Number.isSafeInteger(ms) && ms >= 0);
  return isWhole ? null : 'Its version and times are to be whole numbers of milliseconds, none negative.';
}

function textFault(what: string, text: string, most: number): string | null {
  if (text.trim() === '') return `The ${what} is empty.`;
  if (UNPRINTABLE.test(text)) return `The ${what} holds a control character or half of one character.`;
  return lengthFault(what, text, most);
}

/** Nobody prints them: they are slips, and half characters (lone surrogates) all become the same one in a database. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

function lengthFault(what: string, text: string | null, most: number): string | null {
  const length = text === null ? 0 : [...text].length;
  return length <= most ? null : `The ${what} has ${length} characters; at most ${most} are kept.`;
}

function countFault(what: string, count: number | null): string | null {
  const isWhole = count === null || (Number.isInteger(count) && Math.abs(count) <= MAX_QUANTITY);
  return isWhole ? null : `The ${what} is no whole number up to ${MAX_QUANTITY}.`;
}
