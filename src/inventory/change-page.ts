import type { StockChange } from '../domain/change.ts';
import { changePositions, readChanges } from '../store/changes.ts';
import type { ChangeFilter } from '../store/changes.ts';
import type { Database } from '../store/database.ts';

/** Changes behind the asked position are no longer kept: read the levels anew, then go on behind `resumeAfter`. */
export interface ChangeGap {
  readonly resumeAfter: number;
}

export interface ChangePage {
  /** Oldest first. */
  readonly changes: readonly StockChange[];
  readonly gap: ChangeGap | null;
  /** Go on behind this, on an empty page too. */
  readonly endPosition: number;
  readonly hasMore: boolean;
}

/**
 * One page of changes behind `after` (null: from the oldest change kept). It looks through 10,000 changes at most, so it may be
 * empty and yet have more behind it.
 */
export type ReadPage = (after: number | null, limit: number, filter: ChangeFilter) => Promise<ChangePage>;

/** Positions one page looks through: bounds the work of a filter that fits nothing. */
const POSITIONS_PER_PAGE = 10_000;

export function createPageReader(db: Database): ReadPage {
  return async (after, limit, filter) => {
    const { oldest, newest } = await changePositions(db);
    const start = after ?? oldest - 1;
    const end = Math.min(newest, start + POSITIONS_PER_PAGE);
    const found = start < newest ? await readChanges(db, start, limit + 1, filter, end) : [];
    // Looked at after the reading: what was dropped meanwhile would be missing without a word.
    const isKept = start >= (await changePositions(db)).oldest - 1;
    // Past the newest: the database was put back to an earlier state, and the caller has seen what is no longer so.
    if (!isKept || start > newest)
      return { changes: [], gap: { resumeAfter: newest }, endPosition: newest, hasMore: false };
    const changes = found.slice(0, limit);
    const endPosition = found.length > limit ? (changes.at(-1)?.position ?? start) : end;
    return { changes, gap: null, endPosition, hasMore: endPosition < newest };
  };
}
