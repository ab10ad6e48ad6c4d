import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWholeGateway, type WholeGateway } from '../whole-gateway.ts';

/** What the supplier held, from when on; null while it did not list the part. The present value is the last. */
type History = { readonly from: number; readonly quantity: number | null }[];

interface Stock {
  readonly levels: { readonly location: string; readonly quantity: number | null }[];
  readonly freshness: {
    readonly status: 'FRESH' | 'STALE' | 'EXPIRED' | 'NEVER_SEEN';
    readonly reason: string | null;
    readonly observedAt: string | null;
    readonly age: string | null;
  };
}

const KEYS = ['000001', '000002', '000003'];
const FRESH_FOR_SECONDS = 0.2;
/** A delta never tells that a part was removed, so runs confirm an offer for a while only: this is what the map promises of removals. */
const REMOVAL_SEEN_WITHIN_MS = 10 * FRESH_FOR_SECONDS * 1_000;
const NEVER = 10 * 365 * 86_400;

const QUERY = `query ($part: String!, $freshness: FreshnessInput) {
  part(by: { supplierPart: { supplier: "supplier_sandbox", supplierPartNumber: $part } }) {
    offers { supplierPartNumber stock(freshness: $freshness) {
      levels { location quantity } freshness { status reason observedAt age } } }
  }
}`;

/**
 * The supplier's stock moves, runs come and go, and callers ask with ages and wishes of every kind. The oracle is what the supplier
 * really held: an answer called FRESH within an age must have been true at some moment of that age. Only a removal may be seen later.
 */
describe.each(['embedded', 'servers'] as const)('G6 on %s', (on) => {
  let gateway: WholeGateway;
  const held = new Map<string, History>(KEYS.map((key) => [key, []]));
  let moves = 0;

  beforeAll(async () => {
    gateway = await startWholeGateway({
      on,
      sandbox: { parts: 20, movesPerSecond: 0, limits: roomy },
      // Runs only when the test says so.
      supplier: {
        limits: roomy,
        freshForSeconds: FRESH_FOR_SECONDS,
        schedules: { catalog: seldom, stock: seldom, prices: seldom },
      },
    });
    for (const key of KEYS) move(key);
    gateway.app.startWork();
    await gateway.filled();
  });
  afterAll(() => gateway.close());

  function move(key: string): void {
    moves += 1;
    // Stamped before the supplier changes: an oracle that is late would accept what is too old.
    held.get(key)?.push({ from: Date.now(), quantity: moves });
    gateway.sandbox.control.setStock(key, 'BHM', moves);
  }

  function remove(key: string): void {
    const history = held.get(key) ?? [];
    if (history.at(-1)?.quantity === null) return;
    history.push({ from: Date.now(), quantity: null });
    gateway.sandbox.control.setRemoved(key, true);
  }

  function bringBack(key: string): void {
    gateway.sandbox.control.setRemoved(key, false);
    move(key);
  }

  async function ask(key: string, freshness: Record<string, string>): Promise<Stock> {
    const { data, errors } = await gateway.ask<{ part: { offers: { supplierPartNumber: string; stock: Stock }[] } }>(
      QUERY,
      { part: key, freshness },
    );
    expect(errors).toBeUndefined();
    const offer = data.part.offers.find((each) => each.supplierPartNumber === key);
    if (offer === undefined) throw new Error(`no offer ${key}`);
    return offer.stock;
  }

  function expectHonest(key: string, stock: Stock, askedAt: number, maxAgeMs: number): void {
    const { status, reason, observedAt, age } = stock.freshness;
    expect(reason === null).toBe(status === 'FRESH');
    expect(observedAt === null).toBe(status === 'NEVER_SEEN');
    expect(age === null).toBe(observedAt === null);
    if (observedAt === null) return;
    if (status === 'FRESH') expect(Date.parse(observedAt)).toBeGreaterThanOrEqual(askedAt - maxAgeMs - CLOCK_GRAIN_MS);
    // Whatever the status: the value was in force when the answer says it was observed, or later.
    const quantity = stock.levels.find((level) => level.location === 'BHM')?.quantity ?? null;
    expect(valuesSince(held.get(key) ?? [], Date.parse(observedAt) - CLOCK_GRAIN_MS)).toContain(quantity);
  }

  it('every answer says how old it is, and none is older than asked without saying so', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), key: fc.constantFrom(...KEYS) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('run' as const), key: fc.constantFrom(...KEYS) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), key: fc.constantFrom(...KEYS) }) },
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('ask' as const),
          key: fc.constantFrom(...KEYS),
          maxAgeMs: fc.constantFrom(0, 20, 100, 1_000, 3_600_000),
          onStale: fc.constantFrom('SERVE_AND_REVALIDATE', 'WAIT_THEN_SERVE', 'CACHE_ONLY'),
        }),
      },
    );
    let fresh = 0;
    let stale = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 15 }), async (steps) => {
        for (const each of steps) {
          if (each.kind === 'move') bringBack(each.key);
          else if (each.kind === 'remove') remove(each.key);
          else if (each.kind === 'run') await gateway.app.sync(run);
          else {
            const askedAt = Date.now();
            const maxAge = `PT${each.maxAgeMs / 1_000}S`;
            const stock = await ask(each.key, { maxAge, onStale: each.onStale, waitUpTo: 'PT3S' });
            expectHonest(each.key, stock, askedAt, each.maxAgeMs);
            if (stock.freshness.status === 'FRESH') fresh += 1;
            else stale += 1;
          }
        }
      }),
      { numRuns: 25, seed: 7, endOnFailure: true },
    );
    // A run in which one of the two never happened would prove nothing.
    expect(Math.min(fresh, stale)).toBeGreaterThan(10);
  });

  it('a part that was removed in silence is soon no longer confirmed by runs, and then it is asked about by name', async () => {
    const key = '000001';
    bringBack(key);
    await gateway.app.sync(run);
    // More than the second for which a process goes by the runs that it knows of.
    const maxAgeMs = 1_500;
    const freshness = { maxAge: `PT${maxAgeMs / 1_000}S`, waitUpTo: 'PT8S' };
    expect((await ask(key, { ...freshness, onStale: 'WAIT_THEN_SERVE' })).levels).not.toEqual([]);
    remove(key);
    const removedAt = Date.now();
    let confirmed = 0;
    while (Date.now() <= removedAt + REMOVAL_SEEN_WITHIN_MS + maxAgeMs + CLOCK_GRAIN_MS) {
      await gateway.app.sync(run);
      const stock = await ask(key, { ...freshness, onStale: 'CACHE_ONLY' });
      if (stock.freshness.status === 'FRESH') confirmed += 1;
      await sleep(20);
    }
    // Else the runs confirmed nothing, and nothing was tried.
    expect(confirmed).toBeGreaterThan(2);
    await gateway.app.sync(run);
    const late = await ask(key, { ...freshness, onStale: 'CACHE_ONLY' });
    expect(late.freshness.status).toBe('STALE');
    expect(Date.parse(late.freshness.observedAt ?? '')).toBeLessThanOrEqual(removedAt + REMOVAL_SEEN_WITHIN_MS);
    const seen = await ask(key, { ...freshness, onStale: 'WAIT_THEN_SERVE' });
    expect([seen.levels, seen.freshness.status]).toEqual([[], 'FRESH']);
  });
});

const run = { supplier: 'sandbox', feed: 'stock', mode: 'incremental', lane: 'scheduled' } as const;
const seldom = { fullEverySeconds: NEVER, incrementalEverySeconds: NEVER, overlapSeconds: 5 };
const roomy = [
  { name: 'calls', scope: 'credential', counts: 'all', windows: [{ limit: 100_000, windowMs: 1_000 }], source: 'test' },
] as const;
const CLOCK_GRAIN_MS = 1;

function valuesSince(history: History, since: number): (number | null)[] {
  const isStillTold = (next: History[number] | undefined): boolean => {
    if (next === undefined) return true;
    return next.from + (next.quantity === null ? REMOVAL_SEEN_WITHIN_MS : 0) >= since;
  };
  return history.filter((_, index) => isStillTold(history[index + 1])).map(({ quantity }) => quantity);
}
