import type { OfferId } from '../domain/identity.ts';
import { fromScaled } from '../domain/money.ts';
import type { PriceKind } from '../domain/money.ts';
import type { OfferPrice } from '../domain/part.ts';
import { inChunks, KEYS_PER_STATEMENT } from './database.ts';
import type { Queryable } from './database.ts';
import { placeholders, selectRows } from './select-rows.ts';

interface PriceRow {
  offer_id: string;
  account: string;
  kind: PriceKind;
  amount_scaled: number;
  currency: string;
  observed_at: number;
}

/** One account's prices of the offers, ordered by offer and kind. Costs among them: only for who has the scope. */
export async function readPrices(db: Queryable, offerIds: readonly OfferId[], account: string): Promise<OfferPrice[]> {
  const prices: OfferPrice[] = [];
  for (const some of inChunks([...new Set(offerIds)].sort(), KEYS_PER_STATEMENT)) {
    const rows = await selectRows<PriceRow>(
      db,
      `SELECT p.offer_id, p.account, p.kind, p.amount_scaled, p.currency, l.observed_at
       FROM offer_prices p JOIN price_lists l ON l.offer_id = p.offer_id AND l.account = p.account
       WHERE p.offer_id IN (${placeholders(some.length)}) AND p.account = ? ORDER BY p.offer_id, p.kind`,
      [...some, account],
    );
    for (const row of rows) prices.push(toOfferPrice(row));
  }
  return prices;
}

function toOfferPrice(row: PriceRow): OfferPrice {
  return {
    offerId: row.offer_id,
    account: row.account,
    kind: row.kind,
    price: { amount: fromScaled(row.amount_scaled), currency: row.currency },
    observedAt: row.observed_at,
  };
}
