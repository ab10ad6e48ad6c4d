import { describe, expect, it } from 'vitest';
import type { Freshness } from '../../src/domain/freshness.ts';
import type { Offer, Part } from '../../src/domain/part.ts';
import { atLeast, exactly, UNKNOWN_QUANTITY, type Quantity } from '../../src/domain/quantity.ts';
import { availabilityOf, leastFresh, type OfferStockView } from '../../src/inventory/availability.ts';

const fresh: Freshness = {
  status: 'FRESH',
  reason: null,
  origin: 'COPY',
  observedAt: 1,
  sourceAsOf: null,
  ageMs: 5,
  retryAt: null,
};

function offer(listed = true): Offer {
  return {
    id: 'o',
    partId: 'p',
    supplier: 's',
    supplierPartNumber: '1',
    title: null,
    packQuantity: 1,
    discontinued: false,
    supersededBy: null,
    listed,
    stockObservedAt: 1,
    stockSourceAsOf: null,
    stockSeenByFullAt: null,
    levels: [],
  };
}

function part(offers: Offer[], discontinued = false): Part {
  return {
    id: 'p',
    brand: 'B',
    partNumber: '1',
    title: null,
    packQuantity: 1,
    discontinued,
    supersededBy: null,
    offers,
  };
}

function stock(...quantities: Quantity[]): OfferStockView {
  return {
    isListed: true,
    levels: quantities.map((quantity, n) => ({ supplier: 's', location: String(n), quantity, freshness: fresh })),
    freshness: fresh,
  };
}

const state = (stocks: OfferStockView[], isDiscontinued = false): string =>
  availabilityOf(
    part(
      stocks.map(() => offer()),
      isDiscontinued,
    ),
    stocks,
  ).state;

describe('availability', () => {
  it('adds what is counted and clamps what is negative', () => {
    const view = availabilityOf(part([offer()]), [stock(exactly(-3), exactly(0), exactly(20))]);
    expect(view).toMatchObject({ state: 'IN_STOCK', quantity: 20, quantityIsAtLeast: false });
  });

  it('says at least where a supplier caps its numbers', () => {
    expect(availabilityOf(part([offer()]), [stock(atLeast(25), exactly(2))])).toMatchObject({
      quantity: 27,
      quantityIsAtLeast: true,
    });
  });

  it('is out of stock only where every level is a counted zero', () => {
    expect(state([stock(exactly(0), exactly(0))])).toBe('OUT_OF_STOCK');
    expect(state([stock(exactly(0), UNKNOWN_QUANTITY)])).toBe('UNKNOWN');
    expect(state([stock(exactly(0)), stock()])).toBe('UNKNOWN');
    expect(state([])).toBe('UNKNOWN');
  });

  it('knows null from zero', () => {
    expect(availabilityOf(part([offer()]), [stock(UNKNOWN_QUANTITY)]).quantity).toBeNull();
    expect(availabilityOf(part([offer()]), [stock(exactly(0))]).quantity).toBe(0);
  });

  it('is out of stock where the only supplier has no such part', () => {
    expect(state([{ ...stock(), isListed: false }])).toBe('OUT_OF_STOCK');
    expect(state([{ ...stock(), isListed: false }, stock(exactly(0))])).toBe('OUT_OF_STOCK');
  });

  it('goes by what a refresh has found, not by what was listed before it', () => {
    const before = part([offer(false)]);
    expect(availabilityOf(before, [stock(UNKNOWN_QUANTITY)]).state).toBe('UNKNOWN');
    expect(availabilityOf(part([offer(true)]), [{ ...stock(), isListed: false }]).state).toBe('OUT_OF_STOCK');
  });

  it('tells special order and discontinued apart from out of stock', () => {
    expect(state([stock(exactly(0), { quality: 'specialOrder' })])).toBe('SPECIAL_ORDER');
    expect(state([stock(exactly(0))], true)).toBe('DISCONTINUED');
    expect(state([stock(exactly(2))], true)).toBe('IN_STOCK');
  });
});

describe('the freshness of many', () => {
  it('is the worst status, then the oldest', () => {
    const old: Freshness = { ...fresh, ageMs: 9 };
    const stale: Freshness = { ...fresh, status: 'STALE', reason: 'CACHE_ONLY', ageMs: 7 };
    expect(leastFresh([fresh, old])).toBe(old);
    expect(leastFresh([old, stale, fresh])).toBe(stale);
    expect(leastFresh([]).status).toBe('NEVER_SEEN');
  });
});
