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
    const confirmedAt = async (): Promise<number | null> =>
      (await confirmations.confirm())(offerSeenAt(1)).stockObservedAt;
    expect(await Promise.all([confirmedAt(), confirmedAt()])).toEqual([1_000, 1_000]);
    expect(reads).toBe(1);
    now = 999;
    expect(await confirmedAt()).toBe(1_000);
    now = 1_000;
    expect([await confirmedAt(), reads]).toEqual([2_000, 2]);
  });

  it('speak for what is read after them, not for what a later run found', async () => {
    let now = 0;
    let confirmedAt = 1_000;
    const confirmations = createConfirmations(
      async () => new Map([['s', { confirmedAt, fullStartedAt: 0, holdsForMs: 10_000 }]]),
      { now: () => now, sleep: async () => undefined },
    );
    const before = await confirmations.confirm();
    confirmedAt = 2_000;
    now = 5_000;
    const after = await confirmations.confirm();
    expect([before(offerSeenAt(1)).stockObservedAt, after(offerSeenAt(1)).stockObservedAt]).toEqual([1_000, 2_000]);
  });
});
