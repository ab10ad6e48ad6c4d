import type { Lane } from './lane.ts';
import type { ObservationKind } from './observation.ts';

/** A class of supplier calls that limits can name: `token`, `read`, `quote`. Each connector names its own. */
export type CallClass = string;

/** One of a limit's windows. `windowMs` 0 bounds calls in flight; `limit` 1 makes a minimum interval. */
export interface LimitWindow {
  readonly limit: number;
  readonly windowMs: number;
}

/** What a limit counts together: all calls with one credential, or all calls from one address. */
export type LimitScope = 'credential' | 'address';

/** One statement of a supplier about how often it may be called. */
export interface Limit {
  /** Short and stable; part of the budget's keys. */
  readonly name: string;
  readonly scope: LimitScope;
  /** The call classes it counts; `all` counts every one. */
  readonly counts: readonly CallClass[] | 'all';
  readonly windows: readonly LimitWindow[];
  /** The page or message that states it. */
  readonly source: string;
}

/** When a supplier punishes being over its limits. */
export interface Penalty {
  readonly limit: string;
  readonly windowMs: number;
  readonly strikes: number;
  readonly withinMs: number;
}

export type Feed = 'catalog' | 'stock' | 'prices';
export const FEEDS: readonly Feed[] = ['catalog', 'stock', 'prices'];

/** What a feed's observations are about. */
export const FEED_KIND: Record<Feed, ObservationKind> = { catalog: 'catalog', stock: 'stock', prices: 'price' };

/** How a feed is kept up to date. Seconds. */
export interface FeedSchedule {
  /** Between two full runs. */
  readonly fullEverySeconds: number;
  /** Between two incremental runs; null where the supplier has no delta for the feed. */
  readonly incrementalEverySeconds: number | null;
  /** How far an incremental run reaches back behind its watermark, for changes that commit late. */
  readonly overlapSeconds: number;
}

/** A supplier's declared limits, windows, capabilities and freshness defaults. */
export interface Profile {
  readonly limits: readonly Limit[];
  readonly penalties: readonly Penalty[];
  /** The share of every limit that is ours, in (0, 1]: other programs may use the account. */
  readonly share: number;
  /** Hard time-out of one call, from the first byte sent to the last byte read. */
  readonly callTimeoutMs: number;
  /** Upper bound on what lies between our sending a byte and the supplier's seeing it, beyond the time-out. */
  readonly networkDelayMs: number;
  /** Most keys in one bulk stock call; null where stock cannot be asked by key. */
  readonly bulkStockKeys: number | null;
  readonly freshForSeconds: number;
  readonly expireAfterSeconds: number;
  readonly schedules: Partial<Record<Feed, FeedSchedule>>;
  /** Pages one run may take before it stops as runaway. */
  readonly maxPagesPerRun: number;
  readonly maxBodyBytes: number;
  /**
   * Lanes that may not take the last part of a long window (`KEPT_BACK_BEYOND_MS`): share of the limit kept back from them, in [0, 1).
   * Short windows come back by themselves: there a lane alone may use all, and the line decides who is next.
   */
  readonly keptBack: Partial<Record<Lane, number>>;
}

/** What a lower lane took of a longer window would not be back when a higher lane comes. */
export const KEPT_BACK_BEYOND_MS = 10 * 60_000;
