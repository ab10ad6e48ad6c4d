import type { OfferId } from '../domain/identity.ts';
import { fromScaled, toScaled } from '../domain/money.ts';
import type { PriceKind } from '../domain/money.ts';
import type { FactTime, ObservedPrice } from '../domain/observation.ts';
import { inChunks, KEYS_PER_STATEMENT } from './database.ts';
import type { Queryable } from './database.ts';
import { timeValues } from './fact-times.ts';
import { placeholders, selectRows } from './select-rows.ts';
import { upsertRows } from './upsert.ts';
import type { Upsert } from './upsert.ts';

/** One account's prices of an offer, as of one moment. */
export interface PriceList {
  readonly account: string;
  /** Each kind once. */
  readonly prices: readonly ObservedPrice[];
  readonly time: FactTime;
}

/** A list to write, and the kinds that its predecessor had and it has not. */
export interface PriceListChange {
  readonly offerId: OfferId;
  readonly list: PriceList;
  readonly droppedKinds: readonly PriceKind[];
}

/** All accounts' price lists of the offers, by account. Only for who holds the lock of the offers. */
export async function readPriceLists(
  t: Queryable,
  offerIds: readonly OfferId[],
): Promise<Map<OfferId, Map<string, PriceList>>> {
  const lists = new Map<OfferId, Map<string, PriceList>>();
  for (const some of inChunks(offerIds, KEYS_PER_STATEMENT)) {
    const rows = await selectRows<PriceListRow>(
      t,
      `SELECT l.offer_id, l.account, l.version, l.observed_at, l.source_as_of, p.kind, p.amount_scaled, p.currency
       FROM price_lists l LEFT JOIN offer_prices p ON p.offer_id = l.offer_id AND p.account = l.account
       WHERE l.offer_id IN (${placeholders(some.length)}) ORDER BY l.offer_id, l.account, p.kind`,
      some,
    );
    for (const row of rows) addLine(lists, row);
  }
  return lists;
}

/** Sorted by offer and account. */
export async function writePriceLists(t: Queryable, changes: readonly PriceListChange[]): Promise<void> {
  await upsertRows(
    t,
    LISTS,
    changes.map(({ offerId, list }) => [offerId, list.account, ...timeValues(list.time)]),
  );
  await upsertRows(
    t,
    LINES,
    changes.flatMap(({ offerId, list }) =>
      list.prices.map(({ kind, price }) => [offerId, list.account, kind, toScaled(price.amount), price.currency]),
    ),
  );
  // One by one, and rare: a condition over many keys may scan the table, and then locks all of it.
  for (const { offerId, list, droppedKinds } of changes)
    for (const kind of droppedKinds)
      await t.knex.raw('DELETE FROM offer_prices WHERE offer_id = ? AND account = ? AND kind = ?', [
        offerId,
        list.account,
        kind,
      ]);
}

const LISTS: Upsert = {
  table: 'price_lists',
  key: ['offer_id', 'account'],
  columns: ['offer_id', 'account', 'version', 'observed_at', 'source_as_of'],
  updates: ['version', 'observed_at', 'source_as_of'],
  order: ['version', 'observed_at'],
};
/** Lines have no time of their own: their list's holds, under the lock of the offer. */
const LINES: Upsert = {
  table: 'offer_prices',
  key: ['offer_id', 'account', 'kind'],
  columns: ['offer_id', 'account', 'kind', 'amount_scaled', 'currency'],
  updates: ['amount_scaled', 'currency'],
  order: null,
};

interface PriceListRow {
  offer_id: string;
  account: string;
  version: number;
  observed_at: number;
  source_as_of: number | null;
  /** Null where the list is empty. */
  kind: PriceKind | null;
  amount_scaled: number | null;
  currency: string | null;
}

function addLine(lists: Map<OfferId, Map<string, PriceList>>, row: PriceListRow): void {
  const ofOffer = lists.get(row.offer_id) ?? new Map<string, PriceList>();
  lists.set(row.offer_id, ofOffer);
  const time = { version: row.version, observedAt: row.observed_at, sourceAsOf: row.source_as_of };
  const list = ofOffer.get(row.account) ?? { account: row.account, prices: [], time };
  ofOffer.set(row.account, list);
  if (row.kind === null || row.amount_scaled === null || row.currency === null) return;
  const price = { amount: fromScaled(row.amount_scaled), currency: row.currency };
  ofOffer.set(row.account, { ...list, prices: [...list.prices, { kind: row.kind, price }] });
}
