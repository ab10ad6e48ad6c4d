import type { ConnectedSupplier } from '../../src/connectors/connected-supplier.ts';
import type { Answered, Connector, StockAsk } from '../../src/connectors/connector.ts';
import { systemClock, type Clock } from '../../src/domain/clock.ts';
import type { Observation } from '../../src/domain/observation.ts';
import type { Profile } from '../../src/domain/profile.ts';
import { exactly } from '../../src/domain/quantity.ts';
import type { CallTerms, Gate } from '../../src/outbound/supplier-call.ts';

/** A supplier in this process that is asked by key: what it holds, what it was asked, and a script of what it answers wrongly. */
export interface AskedSupplier {
  readonly connected: ConnectedSupplier;
  /** By key; of any other it has none. */
  readonly held: Map<string, { readonly version: number; readonly quantity: number }>;
  /** The keys of each call. */
  readonly calls: (readonly string[])[];
  /** Sees each answer before it is given: may change it, wait, or throw. `call` counts from 1. */
  script: (answer: Answered, call: number) => Answered | Promise<Answered>;
}

export const FRESH_FOR_MS = 60_000;

export function createAskedSupplier(id: string, profile: Partial<Profile> = {}): AskedSupplier {
  const merged = { ...PROFILE, ...profile };
  const connector: Connector = {
    name: id,
    defaultBaseUrl: null,
    profile: merged,
    credentials: [],
    authentication: () => AUTHENTICATION,
    feeds: {},
    readStock(ask) {
      supplier.calls.push(ask.keys);
      const observations = ask.keys.map((key) => told(ask, key, supplier.held.get(key)));
      return Promise.resolve(supplier.script({ observations, rejections: [] }, supplier.calls.length));
    },
  };
  const account = 'shop';
  const connection = { supplier: id, account, baseUrl: 'http://localhost/', profile: merged };
  const supplier: AskedSupplier = {
    connected: { id, account, connector, connection: { ...connection, authentication: AUTHENTICATION } },
    held: new Map(),
    calls: [],
    script: (answer) => answer,
  };
  return supplier;
}

/** This supplier answers without calls, so nothing passes here but the terms. */
export function gateNotingTerms(terms: CallTerms[] = []): Gate {
  return {
    callFor(_connection, each) {
      terms.push(each);
      return () => Promise.reject(new Error('An asked supplier makes no calls.'));
    },
  };
}

/** Time stands still until it is turned; waiting takes its real time. */
export interface TurnedClock extends Clock {
  turn(ms: number): void;
}

export function createTurnedClock(now = Date.UTC(2026, 2, 1, 12)): TurnedClock {
  return { now: () => now, sleep: systemClock.sleep, turn: (ms) => void (now += ms) };
}

/** A promise to be kept by hand. */
export function byHand(): { readonly kept: Promise<void>; keep(): void } {
  let keep = (): void => undefined;
  const kept = new Promise<void>((resolve) => (keep = resolve));
  return { kept, keep: () => keep() };
}

function told(
  ask: StockAsk,
  supplierPartNumber: string,
  line: { readonly version: number; readonly quantity: number } | undefined,
): Observation {
  const said = { supplier: ask.supplier, supplierPartNumber };
  const observedAt = ask.now();
  if (line === undefined)
    return { ...said, kind: 'absence', time: { version: observedAt, observedAt, sourceAsOf: null } };
  const { version, quantity } = line;
  const levels = [{ location: '01', quantity: exactly(quantity) }];
  return { ...said, kind: 'stock', levels, complete: true, time: { version, observedAt, sourceAsOf: version } };
}

const AUTHENTICATION = { kind: 'header', header: 'x-key', prefix: '', secret: () => '' } as const;

const PROFILE: Profile = {
  limits: [],
  penalties: [],
  share: 1,
  callTimeoutMs: 1_000,
  networkDelayMs: 0,
  bulkStockKeys: 50,
  freshForSeconds: FRESH_FOR_MS / 1_000,
  expireAfterSeconds: 86_400,
  schedules: {},
  maxPagesPerRun: 1_000,
  maxBodyBytes: 1_000_000,
  keptBack: {},
};
