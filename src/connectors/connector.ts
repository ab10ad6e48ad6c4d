import type { Feed, Profile } from '../domain/profile.ts';
import type { Observation, Rejection } from '../domain/observation.ts';
import type { SupplierId, SupplierPartNumber } from '../domain/identity.ts';
import type { Authentication, CallSupplier } from '../outbound/supplier-call.ts';

/**
 * Our code that speaks to one kind of supplier API. An object, not a class: `export const turn14 = { … } satisfies Connector`.
 * It knows paths, shapes and meanings; it holds no state, no credentials and no limits at work: those are the gate's.
 */
export interface Connector {
  /** As configuration names it; the same as its folder. */
  readonly name: string;
  /** The supplier's documented address, ending in `/`; null where there is none and configuration must say. */
  readonly defaultBaseUrl: string | null;
  readonly profile: Profile;
  /** Names of the credentials it wants, e.g. `['clientId', 'clientSecret']`. */
  readonly credentials: readonly string[];
  /** @param read gives the current value of one of `credentials` */
  authentication(read: (name: string) => string): Authentication;
  readonly feeds: Partial<Record<Feed, FeedReader>>;
  /** Asks for the stock of at most `profile.bulkStockKeys` keys in one call; each key comes back as stock or absence, or as a rejection. */
  readStock?(ask: StockAsk): Promise<Answered>;
}

/** One kind of facts that can be walked. */
export interface FeedReader {
  /** One page of a walk over everything. */
  full(ask: PageAsk): Promise<Page>;
  readonly incremental?: {
    /** One page of what changed since `ask.since`. */
    page(ask: PageAsk & { readonly since: number }): Promise<Page>;
    /** How far back a delta reaches; past it only a full run is right. Null where there is no end to it. */
    readonly reachMs: number | null;
  };
}

export interface Asker {
  readonly call: CallSupplier;
  readonly supplier: SupplierId;
  /** Whose prices. */
  readonly account: string;
  /** Our clock, epoch ms. */
  readonly now: () => number;
}

export interface PageAsk extends Asker {
  /** Where this page starts; null for the first. */
  readonly token: string | null;
}

export interface StockAsk extends Asker {
  readonly keys: readonly SupplierPartNumber[];
}

export interface Answered {
  readonly observations: readonly Observation[];
  readonly rejections: readonly Rejection[];
}

export interface Page extends Answered {
  /** Where the next page starts; null on the last. */
  readonly nextToken: string | null;
  /** Pages or rows in all, as far as the supplier says; for the progress shown, never for logic. */
  readonly pagesInAll: number | null;
  /** When this page was asked for, on the supplier's clock: the first page's is the run's watermark. */
  readonly askedAtSupplier: number;
}
