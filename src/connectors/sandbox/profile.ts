import type { Profile } from '../../domain/profile.ts';

const SOURCE = 'src/sandbox/README.md';
const DAY_SECONDS = 86_400;

/** Call classes are the supplier's own, as its verdict names them. */
export const profile = {
  limits: [
    {
      name: 'calls',
      scope: 'credential',
      counts: ['catalog', 'stock', 'stockByIds', 'prices'],
      windows: [
        { limit: 10, windowMs: 1_000 },
        { limit: 600, windowMs: 60_000 },
      ],
      source: SOURCE,
    },
    {
      name: 'token',
      scope: 'credential',
      counts: ['token'],
      windows: [{ limit: 10, windowMs: 60_000 }],
      source: SOURCE,
    },
  ],
  penalties: [],
  share: 1,
  callTimeoutMs: 5_000,
  networkDelayMs: 250,
  bulkStockKeys: 100,
  freshForSeconds: 60,
  expireAfterSeconds: DAY_SECONDS,
  schedules: {
    catalog: { fullEverySeconds: DAY_SECONDS, incrementalEverySeconds: 300, overlapSeconds: 5 },
    stock: { fullEverySeconds: DAY_SECONDS, incrementalEverySeconds: 15, overlapSeconds: 5 },
    prices: { fullEverySeconds: DAY_SECONDS, incrementalEverySeconds: 60, overlapSeconds: 5 },
  },
  maxPagesPerRun: 2_000,
  maxBodyBytes: 10 * 1024 * 1024,
  keptBack: { scheduled: 0.1, backfill: 0.2 },
} satisfies Profile;
