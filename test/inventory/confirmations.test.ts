import { describe, expect, it } from 'vitest';
import type { Offer } from '../../src/domain/part.ts';
import { confirmedObservedAt, createConfirmations } from '../../src/inventory/confirmations.ts';

const offerSeenAt = (stockObservedAt: number | null, listed = true, stockSeenByFullAt: number | null = 100): Offer => ({
  id: 'o',
  partId: 'p',
  supplier: 's',
  supplierPartNumber: '1',
  title: null,
  packQuantity: 1,
  discontinued: false,
  supersededBy: null,
  listed,
  stockObservedAt,
  stockSourceAsOf: null,
  stockSeenByFullAt,
  levels: [],
});

describe('a completed run', () => {
  const run = { confirmedAt: 500, fullStartedAt: 100, holdsForMs: 400 };

  it('confirms an offer that the last full run saw', () => {
    expect(confirmedObservedAt(offerSeenAt(150), run)).toBe(500);
  });

  it('speaks for a while only for an offer that no answer has named since, as a delta tells of no removal', () => {
    expect(confirmedObservedAt(offerSeenAt(100), run)).toBe(500);
    expect(confirmedObservedAt(offerSeenAt(100), { ...run, confirmedAt: 501 })).toBe(100);
    expect(confirmedObservedAt(offerSeenAt(101), { ...run, confirmedAt: 501 })).toBe(501);
    expect(confirmedObservedAt(offerSeenAt(150), { ...run, holdsForMs: 0 })).toBe(150);
  });

  it('says nothing of an offer that the last full run did not see', () => {
    expect(confirmedObservedAt(offerSeenAt(150, true, 99), run)).toBe(150);
    expect(confirmedObservedAt(offerSeenAt(150, true, null), run)).toBe(150);
    expect(confirmedObservedAt(offerSeenAt(null), run)).toBeNull();
    expect(confirmedObservedAt(offerSeenAt(150, false), run)).toBe(150);
  });

  it('never makes an answer look older', () => {
    expect(confirmedObservedAt(offerSeenAt(900), run)).toBe(900);
    expect(confirmedObservedAt(offerSeenAt(150), undefined)).toBe(150);
  });
});

describe('confirmations', () => {
  it('are read once for many who ask, and again after a second', async () => {
    let now = 0;
    let reads = 0;
    const confirmations = createConfirmations(
      async () => {
        reads += 1;
        return new Map([['s', { confirmedAt: reads * 1_000, fullStartedAt: 0, holdsForMs: 10_000 }]]);
      },
      { now: () => now, sleep: async () => undefined },
    );
    await Promise.all([confirmations.renew(), confirmations.renew()]);
    expect([reads, confirmations.observedAt(offerSeenAt(1))]).toEqual([1, 1_000]);
    now = 999;
    await confirmations.renew();
    expect(reads).toBe(1);
    now = 1_000;
    await confirmations.renew();
    expect([reads, confirmations.observedAt(offerSeenAt(1))]).toEqual([2, 2_000]);
  });
});
