import { describe, expect, it } from 'vitest';
import { projectedExhaustionAt } from '../../src/outbound/quota.ts';
import { callLedger } from '../../src/store/calls.ts';
import { countCallsIn } from '../../src/store/call-counts.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';

const NOW = 1_700_000_000_000;
const HOUR_MS = 3_600_000;
const perHour = (calls: number): number => calls / HOUR_MS;

describe('when a window is full', () => {
  it.each([
    ['full already', { occupied: 100, grantsPerMs: 0 }, 0],
    ['over full after it was lowered', { occupied: 120, grantsPerMs: 0 }, 0],
    ['idle', { occupied: 99, grantsPerMs: 0 }, null],
    ['at a pace that just fits', { occupied: 50, grantsPerMs: perHour(100) }, null],
    ['at twice the pace that fits, from empty', { occupied: 0, grantsPerMs: perHour(200) }, HOUR_MS * Math.log(2)],
    ['at twice the pace that fits, half full', { occupied: 50, grantsPerMs: perHour(200) }, HOUR_MS * Math.log(1.5)],
    ['much too fast: the time of the calls that are left', { occupied: 90, grantsPerMs: 1 }, 10],
  ])('%s', (_, { occupied, grantsPerMs }, expectedMs) => {
    const at = projectedExhaustionAt({ now: NOW, windowMs: HOUR_MS, limit: 100, occupied, grantsPerMs });
    if (expectedMs === null) expect(at).toBeNull();
    else expect((at ?? 0) - NOW).toBeCloseTo(expectedMs, -1);
  });

  it('is not foretold of calls in flight', () => {
    expect(projectedExhaustionAt({ now: NOW, windowMs: 0, limit: 2, occupied: 1, grantsPerMs: 9 })).toBeNull();
  });

  it('comes sooner at a higher pace, and never in the past', () => {
    const at = [150, 300, 3_000].map((calls) =>
      projectedExhaustionAt({ now: NOW, windowMs: HOUR_MS, limit: 100, occupied: 40, grantsPerMs: perHour(calls) }),
    );
    expect(at).toEqual(at.toSorted((a, b) => (b ?? 0) - (a ?? 0)));
    expect(Math.min(...at.map((one) => one ?? 0))).toBeGreaterThan(NOW);
  });
});

describe.each(DIALECTS)('calls counted from the ledger on %s', (dialect) => {
  it('by account, class and lane, since two moments', async () => {
    const database = await createTestDatabase(dialect);
    try {
      const ledger = callLedger(database.db);
      const call = (index: number, changed: object) => ({
        permit: `permit-${index}`,
        supplier: 's',
        account: 'main',
        callClass: 'read',
        lane: 'forced' as const,
        grantedAt: NOW,
        wallAt: NOW,
        holdMs: 1_000,
        ...changed,
      });
      const made = [{}, { grantedAt: NOW - 10 }, { grantedAt: NOW - 99 }, { lane: 'checkout' as const }];
      const others = [{ account: 'second' }, { callClass: 'token' }, { supplier: 'other' }];
      for (const [index, changed] of [...made, ...others].entries()) await ledger.record(call(index, changed));
      const counts = await countCallsIn(database.db)('s', NOW - 50, NOW - 5);
      expect(counts.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual([
        { account: 'main', callClass: 'read', lane: 'checkout', calls: 1, lately: 1 },
        { account: 'main', callClass: 'read', lane: 'forced', calls: 2, lately: 1 },
        { account: 'main', callClass: 'token', lane: 'forced', calls: 1, lately: 1 },
        { account: 'second', callClass: 'read', lane: 'forced', calls: 1, lately: 1 },
      ]);
    } finally {
      await database.remove();
    }
  });
});
