import type { PartId } from '../domain/identity.ts';
import type { Part } from '../domain/part.ts';
import type { Queryable } from './database.ts';
import { readOffersOfParts } from './offers.ts';
import type { PrintedOffer } from './offers.ts';
import { selectRows } from './select-rows.ts';

/** Where a part stands in the walk over all parts. */
export interface PartPosition {
  readonly brandForm: string;
  readonly numberForm: string;
  readonly partId: PartId;
}

export interface PartPageAsk {
  /** Behind this part; null from the start. */
  readonly after: PartPosition | null;
  readonly first: number;
  /** Only this brand, in its identity form. */
  readonly brandForm?: string;
  /** Only part numbers whose search form begins so. */
  readonly searchStartsWith?: string;
}

/** Sorts behind every letter: a range finds a prefix by the index in both databases, LIKE does so in one. */
const LAST_CODE_POINT = '\u{10ffff}';

/** Parts by id, each with its offers; a part that no catalog lists now is missing from the map. */
export async function readParts(db: Queryable, partIds: readonly PartId[]): Promise<Map<PartId, Part>> {
  const offersByPart = new Map<PartId, PrintedOffer[]>();
  for (const printed of await readOffersOfParts(db, partIds)) {
    const id = printed.offer.partId;
    if (id === null) continue;
    const ofPart = offersByPart.get(id);
    if (ofPart === undefined) offersByPart.set(id, [printed]);
    else ofPart.push(printed);
  }
  const parts = new Map<PartId, Part>();
  for (const [id, offers] of offersByPart) {
    const [first] = offers;
    if (first !== undefined) parts.set(id, toPart(id, first, offers));
  }
  return parts;
}

/** Parts in the order of brand and number, one page of at most `ask.first`. */
export async function readPartPage(db: Queryable, ask: PartPageAsk): Promise<{ parts: Part[]; hasMore: boolean }> {
  const conditions: string[] = ['EXISTS (SELECT 1 FROM offers WHERE offers.part_id = parts.part_id)'];
  const bindings: string[] = [];
  if (ask.brandForm !== undefined) {
    conditions.push('brand_form = ?');
    bindings.push(ask.brandForm);
  }
  if (ask.searchStartsWith !== undefined && ask.searchStartsWith !== '') {
    conditions.push('search_form >= ?', 'search_form < ?');
    bindings.push(ask.searchStartsWith, ask.searchStartsWith + LAST_CODE_POINT);
  }
  if (ask.after !== null) {
    conditions.push('(brand_form, number_form, part_id) > (?, ?, ?)');
    bindings.push(ask.after.brandForm, ask.after.numberForm, ask.after.partId);
  }
  const rows = await selectRows<{ part_id: string }>(
    db,
    `SELECT part_id FROM parts WHERE ${conditions.join(' AND ')} ORDER BY brand_form, number_form, part_id LIMIT ?`,
    [...bindings, ask.first + 1],
  );
  const ids = rows.slice(0, ask.first).map((row) => row.part_id);
  const parts = await readParts(db, ids);
  return { parts: ids.flatMap((id) => parts.get(id) ?? []), hasMore: rows.length > ask.first };
}

/** Worded as the first offer prints it; discontinued only where every offer says so. */
function toPart(id: PartId, first: PrintedOffer, offers: readonly PrintedOffer[]): Part {
  return {
    id,
    brand: first.brand ?? '',
    partNumber: first.partNumber ?? '',
    title: first.offer.title,
    packQuantity: first.offer.packQuantity,
    discontinued: offers.every(({ offer }) => offer.discontinued),
    supersededBy: first.offer.supersededBy,
    offers: offers.map(({ offer }) => offer),
  };
}
