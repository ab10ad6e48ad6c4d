import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import type { FeedState } from '../../src/store/feed-states.ts';
import { dueAfterFailure, dueAfterSuccess, dueRuns, scheduledFeeds } from '../../src/sync/due.ts';
import { createScriptedSupplier, SCHEDULE } from './scripted-supplier.ts';

const NOW = 1_000_000_000;
const supplier = createScriptedSupplier({
  id: 's',
  clock: systemClock,
  feeds: ['catalog', 'stock', 'prices'],
}).connected;
const feeds = scheduledFeeds([supplier]);

describe('what is due', () => {
  it('is the longest due first, so that short runs never put a long one off for ever', () => {
    const states = [
      state('catalog', { fullDueAt: NOW - 5 }),
      state('stock', { incrementalDueAt: NOW - 9 }),
      state('prices', {}),
    ];
    expect(dueRuns(feeds, states, NOW).map((run) => `${run.feed} ${run.mode}`)).toEqual([
      'stock incremental',
      'catalog full',
    ]);
  });

  it('is never a delta before a first full run', () => {
    const states = [state('stock', { fullCompletedAt: null, fullDueAt: NOW + 1, incrementalDueAt: NOW - 9 })];
    expect(dueRuns(feeds, states, NOW)).toEqual([]);
  });

  it('spreads over a tenth of the cadence', () => {
    const due = (random: number): unknown => dueAfterSuccess(SCHEDULE, 'full', NOW, () => random);
    expect(due(0)).toEqual({ fullDueAt: NOW + 3_600_000, incrementalDueAt: NOW + 60_000 });
    expect(due(1)).toEqual({ fullDueAt: NOW + 3_960_000, incrementalDueAt: NOW + 66_000 });
    expect(dueAfterSuccess(SCHEDULE, 'incremental', NOW, () => 0)).toEqual({ incrementalDueAt: NOW + 60_000 });
  });

  it('doubles after each failure up to the cadence, and never brings a run forward', () => {
    const after = (mode: 'full' | 'incremental', failures: number): number =>
      (dueAfterFailure(SCHEDULE, state('stock', {}), { mode, failures }, NOW, () => 0).incrementalDueAt ?? 0) - NOW;
    expect([1, 2, 3, 50].map((failures) => after('incremental', failures))).toEqual([30_000, 60_000, 60_000, 60_000]);
    expect([1, 2, 3, 50].map((failures) => after('full', failures))).toEqual([30_000, 60_000, 120_000, 3_600_000]);
    const later = state('stock', { fullDueAt: NOW + 9_000_000 });
    expect(dueAfterFailure(SCHEDULE, later, { mode: 'incremental', failures: 1 }, NOW, () => 0).fullDueAt).toBe(
      NOW + 9_000_000,
    );
  });
});

function state(feed: FeedState['feed'], differs: Partial<FeedState>): FeedState {
  return {
    supplier: 's',
    feed,
    watermark: NOW,
    confirmedAt: NOW,
    fullStartedAt: NOW,
    fullCompletedAt: NOW,
    fullDueAt: NOW + 1_000,
    incrementalDueAt: NOW + 1_000,
    failures: 0,
    lastError: null,
    lastEndedAt: null,
    ...differs,
  };
}
