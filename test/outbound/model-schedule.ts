import fc from 'fast-check';
import { LANES } from '../../src/domain/lane.ts';
import type { Limit, LimitWindow, Profile } from '../../src/domain/profile.ts';
import { profileWith } from './connections.ts';

export const CALL_CLASSES = ['read', 'token', 'dump'] as const;
export const ACCOUNTS = ['main', 'second'] as const;
export const PROCESSES = 3;
/** A store that replaces a lost one may have another clock: by as much as the restoring allows for. */
export const STORE_CLOCKS_APART_MS = 1_000;
const HOUR_MS = 3_600_000;

/** One run of the model: who calls whom when, under which limits, and what goes wrong. Times in ms of the hand-turned clock. */
export type Schedule = Generated<typeof schedule>;
export type Caller = Schedule['callers'][number];
export type Blow = Schedule['blows'][number];
type Generated<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** Rare and long on purpose: most of what goes wrong does so at the edge of one of these. */
const moment = (soonMs: number, lateMs: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 0, max: soonMs }), fc.integer({ min: 0, max: lateMs })).map(withHalves);

/** Half milliseconds, so that whatever is rounded the wrong way is seen. */
function withHalves(ms: number): number {
  return ms % 3 === 0 ? ms + 0.5 : ms;
}

const limitWindow: fc.Arbitrary<LimitWindow> = fc.oneof(
  { weight: 5, arbitrary: windowOf(fc.integer({ min: 1, max: 5 }), [500, 1_000, 2_000, 4_000]) },
  // A minimum interval.
  { weight: 2, arbitrary: windowOf(fc.constant(1), [300, 1_500, 5_000]) },
  { weight: 1, arbitrary: windowOf(fc.integer({ min: 4, max: 12 }), [15_000]) },
  // Long enough for a part of it to be kept back from lower lanes.
  { weight: 1, arbitrary: windowOf(fc.integer({ min: 4, max: 12 }), [660_000]) },
  // A bound on calls in flight.
  { weight: 1, arbitrary: windowOf(fc.integer({ min: 1, max: 3 }), [0]) },
);

function windowOf(limit: fc.Arbitrary<number>, lengthsMs: number[]): fc.Arbitrary<LimitWindow> {
  return fc.record({ limit, windowMs: fc.constantFrom(...lengthsMs) });
}

const limit = (name: string): fc.Arbitrary<Limit> =>
  fc.record({
    name: fc.constant(name),
    scope: fc.constantFrom('credential', 'credential', 'address'),
    counts: fc.oneof(fc.constant('all' as const), fc.subarray([...CALL_CLASSES], { minLength: 1 })),
    windows: fc.uniqueArray(limitWindow, { minLength: 1, maxLength: 3, selector: ({ windowMs }) => windowMs }),
    source: fc.constant('the test'),
  });

const profile: fc.Arbitrary<Profile> = fc
  .record({
    limits: fc
      .tuple(limit('first'), fc.option(limit('second'), { freq: 1 }), fc.option(limit('third'), { freq: 1 }))
      .map((limits) => limits.filter((one) => one !== null)),
    share: fc.constantFrom(1, 1, 0.8, 0.5),
    keptBack: fc.constantFrom({}, { backfill: 0.34 }, { scheduled: 0.25, backfill: 0.5 }, { backfill: 1 }),
    callTimeoutMs: fc.constantFrom(600, 1_500, 2_000),
    networkDelayMs: fc.constantFrom(0, 200, 400),
  })
  .map(profileWith);

const caller = fc.record({
  process: fc.nat({ max: PROCESSES - 1 }),
  /** Dense at first, so that what goes wrong meets many that wait. */
  startMs: moment(1_500, 7_000),
  account: fc.constantFrom(...ACCOUNTS),
  callClass: fc.constantFrom('read', ...CALL_CLASSES),
  lane: fc.constantFrom(...LANES),
  patienceMs: moment(3_000, 15_000),
  /** Between the grant and the row in the ledger: at times longer than a permit may be kept. */
  ledgerMs: fc.oneof({ weight: 3, arbitrary: moment(20, 20) }, { weight: 1, arbitrary: moment(200, 650) }),
  /** Between the row and the first byte: at times the process is stopped for longer than the call may take. */
  sendMs: fc.oneof({ weight: 9, arbitrary: moment(300, 300) }, { weight: 1, arbitrary: moment(2_500, 2_500) }),
  /** Share of the longest possible way to the supplier. */
  way: fc.constantFrom(0, 0, 0.1, 0.4, 0.8, 1, 1),
  workMs: moment(400, 1_500),
  ending: fc.constantFrom('answered', 'answered', 'answered', 'brokenOff', 'lost'),
  stampMs: moment(60, 60),
});

const blow = fc.record({
  atMs: moment(3_000, 9_000),
  kind: fc.constantFrom(
    // The store loses all it had; a store with another clock takes its place.
    'flush' as const,
    'flush' as const,
    'flush' as const,
    'flush' as const,
    // A process dies with what it holds.
    'crash' as const,
    'crash' as const,
    // The store cannot be reached; or it does what it is asked and the answer is lost.
    'cutBefore' as const,
    'cutAfter' as const,
    'ledgerAway' as const,
    'pause' as const,
    // A host's wall clock jumps.
    'clockJump' as const,
  ),
  process: fc.nat({ max: PROCESSES - 1 }),
  /** How long it lasts, where it does; the far end of a jump. */
  lengthMs: fc.integer({ min: 1, max: 2_500 }),
  storeAheadMs: fc.integer({ min: 0, max: STORE_CLOCKS_APART_MS }),
  jumpMs: fc.integer({ min: -HOUR_MS, max: HOUR_MS }),
  account: fc.constantFrom(...ACCOUNTS),
  callClass: fc.constantFrom(...CALL_CLASSES),
});

export const schedule = fc.record({
  profile,
  callers: fc.array(caller, { minLength: 6, maxLength: 24, size: 'max' }),
  blows: fc.array(blow, { maxLength: 5, size: 'max' }),
});
