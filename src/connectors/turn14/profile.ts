import type { Feed, FeedSchedule, Limit, Profile } from '../../domain/profile.ts';

/** Ids that one `inventory/{id,id,…}` may name. */
export const BULK_STOCK_KEYS = 250;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const USAGE_POLICY = "Turn14's Acceptable Usage Policy, as quoted by integrators in August 2026";

/** Whether windows are fixed or sliding is not documented. Orders draw on the same account, as do other programs. */
const LIMITS: readonly Limit[] = [
  {
    name: 'token',
    scope: 'address',
    counts: ['token'],
    windows: [{ limit: 10, windowMs: MINUTE_MS }],
    source: USAGE_POLICY,
  },
  {
    name: 'reads',
    scope: 'credential',
    counts: ['read'],
    windows: [
      { limit: 5, windowMs: SECOND_MS },
      { limit: 5_000, windowMs: HOUR_MS },
      { limit: 30_000, windowMs: DAY_MS },
    ],
    source: USAGE_POLICY,
  },
  {
    name: 'quotes',
    scope: 'credential',
    counts: ['quote'],
    windows: [{ limit: 2, windowMs: SECOND_MS }],
    source: USAGE_POLICY,
  },
];

/** Full walks once a day at most, deltas at the pace Turn14 proposed to an integrator. */
const SCHEDULES: Record<Feed, FeedSchedule> = {
  // A delta is counted in days, and whether a day is 24 hours or a date is not documented: one more day covers both.
  catalog: { fullEverySeconds: 86_400, incrementalEverySeconds: 4 * 3_600, overlapSeconds: 86_400 },
  stock: { fullEverySeconds: 86_400, incrementalEverySeconds: 600, overlapSeconds: 240 },
  // `pricing/changes` exists, undocumented, and names ids without prices.
  prices: { fullEverySeconds: 86_400, incrementalEverySeconds: null, overlapSeconds: 0 },
};

export const profile: Profile = {
  limits: LIMITS,
  // Past either of these Turn14 deactivates the credentials.
  penalties: [
    { limit: 'reads', windowMs: HOUR_MS, strikes: 10, withinMs: 30 * DAY_MS },
    { limit: 'reads', windowMs: DAY_MS, strikes: 2, withinMs: 30 * DAY_MS },
  ],
  share: 0.8,
  callTimeoutMs: 15_000,
  networkDelayMs: 1_000,
  bulkStockKeys: BULK_STOCK_KEYS,
  freshForSeconds: 900,
  expireAfterSeconds: 86_400,
  schedules: SCHEDULES,
  maxPagesPerRun: 2_000,
  maxBodyBytes: 16 * 1024 * 1024,
  keptBack: { scheduled: 0.2, backfill: 0.3 },
};
