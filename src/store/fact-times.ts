import type { FactTime } from '../domain/observation.ts';
import { UNKNOWN_QUANTITY } from '../domain/quantity.ts';
import type { Quantity, QuantityQuality } from '../domain/quantity.ts';

/** Columns -> time; null where the family has not been seen. */
export function timeOf(version: number | null, observedAt: number | null, sourceAsOf: number | null): FactTime | null {
  return version === null || observedAt === null ? null : { version, observedAt, sourceAsOf };
}

/** Time -> columns, in the order version, observed_at, source_as_of. */
export function timeValues(time: FactTime): (number | null)[] {
  return [time.version, time.observedAt, time.sourceAsOf];
}

/** Columns -> quantity. A number missing where the quality wants one is unknown, never zero. */
export function quantityOf(quality: QuantityQuality, value: number | null): Quantity {
  if (quality === 'exact' || quality === 'atLeast') return value === null ? UNKNOWN_QUANTITY : { quality, value };
  return { quality };
}

/** Whether something said of the stock that could not be taken is still its latest word: no answer has been asked for since. */
export function isDoubted(doubtedAt: number | null, stock: FactTime | null): boolean {
  return doubtedAt !== null && (stock === null || stock.observedAt <= doubtedAt);
}
