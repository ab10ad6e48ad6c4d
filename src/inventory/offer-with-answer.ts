import { compareFactTime } from '../domain/observation.ts';
import type { Offer, StockLevel } from '../domain/part.ts';
import { UNKNOWN_QUANTITY } from '../domain/quantity.ts';
import type { CachedAnswer } from '../redis/answer-cache.ts';

/**
 * The copy's offer together with an answer of the supplier that the copy may not have taken up. By the rules that `record` follows: of two
 * statements about one location the later by (version, when asked) holds, so a supplier that answers from a copy of its own which lags
 * behind never overrules what it said before. An answer states every level: one it does not name is unknown. Pure.
 */
export function offerWithAnswer(copy: Offer, answer: CachedAnswer): Offer {
  if (copy.listed && answer.isListed) return { ...copy, ...lastAsked(copy, answer), levels: laterLevels(copy, answer) };
  // One of the two is "no such part", which has no version of the supplier's: when we asked decides.
  return isAskedLater(copy, answer) ? copy : asTold(copy, answer);
}

function lastAsked(copy: Offer, answer: CachedAnswer): Pick<Offer, 'stockObservedAt' | 'stockSourceAsOf'> {
  const { stockObservedAt, stockSourceAsOf } = copy;
  if (stockObservedAt !== null && stockObservedAt >= answer.observedAt) return { stockObservedAt, stockSourceAsOf };
  // The value shown may be the copy's, from later than what this answer told.
  const asOf = [stockSourceAsOf, answer.sourceAsOf].filter((each) => each !== null);
  return { stockObservedAt: answer.observedAt, stockSourceAsOf: asOf.length === 0 ? null : Math.max(...asOf) };
}

function laterLevels(copy: Offer, answer: CachedAnswer): StockLevel[] {
  const known = new Map(copy.levels.map((level) => [level.location, level]));
  const told = new Map(toldLevels(answer).map((level) => [level.location, level]));
  const isOvertaken = copy.levels.length > 0 && copy.levels.every((level) => compareFactTime(level, answer) > 0);
  return [...new Set([...known.keys(), ...told.keys()])].sort().map((location) => {
    const { version, observedAt, sourceAsOf } = answer;
    const unknown = { location, quantity: UNKNOWN_QUANTITY, version, observedAt, sourceAsOf };
    const level = known.get(location);
    // Where all that is known is from later, a location that is not among it has been left out since: rather unknown than wrong.
    if (level === undefined) return isOvertaken ? unknown : (told.get(location) ?? unknown);
    return compareFactTime(level, answer) >= 0 ? level : (told.get(location) ?? unknown);
  });
}

function isAskedLater(copy: Offer, answer: CachedAnswer): boolean {
  const levelsAskedAt = copy.levels.map((level) => level.observedAt);
  const copyAskedAt = Math.max(copy.stockObservedAt ?? -1, ...(copy.listed ? levelsAskedAt : []));
  return copyAskedAt > answer.observedAt || (copyAskedAt === answer.observedAt && !copy.listed);
}

function asTold(copy: Offer, answer: CachedAnswer): Offer {
  return {
    ...copy,
    listed: answer.isListed,
    stockObservedAt: answer.observedAt,
    stockSourceAsOf: answer.sourceAsOf,
    levels: toldLevels(answer),
  };
}

function toldLevels({ levels, version, observedAt, sourceAsOf }: CachedAnswer): StockLevel[] {
  return levels.map((level) => ({ ...level, version, observedAt, sourceAsOf }));
}
