import type { OfferId } from '../domain/identity.ts';
import type { QuantityQuality } from '../domain/quantity.ts';
import { inChunks, KEYS_PER_STATEMENT } from './database.ts';
import type { Queryable } from './database.ts';
import { quantityOf } from './fact-times.ts';
import type { TimedLevel } from '../domain/fact-time.ts';
import { placeholders, selectRows } from './select-rows.ts';

interface LevelRow {
  offer_id: string;
  location: string;
  quality: QuantityQuality;
  quantity: number | null;
  version: number;
  observed_at: number;
  source_as_of: number | null;
}

/** The levels of the offers as their rows stand, by location. */
export async function readLevels(
  db: Queryable,
  offerIds: readonly OfferId[],
): Promise<Map<OfferId, Map<string, TimedLevel>>> {
  const levels = new Map<OfferId, Map<string, TimedLevel>>();
  for (const some of inChunks(offerIds, KEYS_PER_STATEMENT)) {
    const rows = await selectRows<LevelRow>(
      db,
      `SELECT offer_id, location, quality, quantity, version, observed_at, source_as_of FROM stock_levels
       WHERE offer_id IN (${placeholders(some.length)}) ORDER BY offer_id, location`,
      some,
    );
    for (const row of rows) {
      const ofOffer = levels.get(row.offer_id) ?? new Map<string, TimedLevel>();
      if (ofOffer.size === 0) levels.set(row.offer_id, ofOffer);
      ofOffer.set(row.location, toTimedLevel(row));
    }
  }
  return levels;
}

function toTimedLevel(row: LevelRow): TimedLevel {
  return {
    location: row.location,
    quantity: quantityOf(row.quality, row.quantity),
    time: { version: row.version, observedAt: row.observed_at, sourceAsOf: row.source_as_of },
  };
}
