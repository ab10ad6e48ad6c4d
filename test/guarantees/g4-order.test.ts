import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import type { Observation } from '../../src/domain/observation.ts';
import { createRecorder } from '../../src/inventory/record.ts';
import type { Recorder, Recording } from '../../src/inventory/record.ts';
import { memoryWake } from '../../src/redis/wake-memory.ts';
import { inChunks, openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/database.ts';
import {
  anyObservation,
  expectedLevels,
  factsOfSupplier,
  inOrder,
  withOneValueAVersion,
} from '../inventory/observations.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

const SEQUENCES = 300;
const FEED_SEQUENCES = 100;
const SEQUENCES_AT_ONCE = 20;
const AT_ONCE = { minLength: SEQUENCES_AT_ONCE, maxLength: SEQUENCES_AT_ONCE };
const PARALLEL_ROUNDS = 12;
const WRITERS = 4;

/** A failure is told with its seed and not shrunk: each step of that is many recordings, and there may be thousands. */
const AT_FIRST_FAILURE = { endOnFailure: true };

/** The same observations in another order, some of them again and again, in batches of any size. */
interface Shuffled {
  readonly said: readonly Observation[];
  readonly batches: readonly (readonly Observation[])[];
}

describe.each(DIALECTS)('G4 on %s', (dialect) => {
  let test: TestDatabase;
  let recorder: Recorder;
  let trial = 0;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
    recorder = createRecorder({ db: test.db, wake: memoryWake(), clock: systemClock });
  });
  afterAll(() => test.remove());

  /** The n-th sequence is said by the n-th supplier; step by step, so that many share a transaction. */
  const recordAll = async (
    name: string,
    sequences: readonly (readonly (readonly Observation[])[])[],
    confirmationOf: (step: number) => Recording['confirmation'] = () => 'each',
  ): Promise<void> => {
    const steps = Math.max(...sequences.map((batches) => batches.length));
    for (let step = 0; step < steps; step += 1)
      await recorder.record({
        cause: 'SYNC',
        confirmation: confirmationOf(step),
        observations: sequences.flatMap((batches, n) =>
          (batches[step] ?? []).map((observation) => ({ ...observation, supplier: `${name}-${n}` })),
        ),
      });
  };

  it('an older observation never replaces a newer one, in any order, with any repetition', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyShuffled(), AT_ONCE), async (sequences) => {
        trial += 1;
        await recordAll(
          `sorted-${trial}`,
          sequences.map(({ said }) => inOrder(said).map((observation) => [observation])),
        );
        await recordAll(
          `shuffled-${trial}`,
          sequences.map(({ batches }) => batches),
        );
        for (const [n, { said }] of sequences.entries()) {
          const facts = await factsOfSupplier(test.db, `shuffled-${trial}-${n}`);
          expect(facts).toEqual(await factsOfSupplier(test.db, `sorted-${trial}-${n}`));
          for (const { key, levels } of facts) expect(levels).toEqual(expectedLevels(said, key));
        }
      }),
      { ...AT_FIRST_FAILURE, numRuns: SEQUENCES / SEQUENCES_AT_ONCE },
    );
  }, 120_000);

  it('what a feed repeats without being written changes no value, where each version has one', async () => {
    const steadily = (observations: readonly Observation[]): Observation[] =>
      observations.flatMap((observation) => withOneValueAVersion(observation) ?? []);
    await fc.assert(
      fc.asyncProperty(fc.array(anyShuffled(), AT_ONCE), fc.nat(), async (sequences, feedSteps) => {
        trial += 1;
        await recordAll(
          `plain-${trial}`,
          sequences.map(({ said }) => [steadily(inOrder(said))]),
        );
        await recordAll(
          `feeds-${trial}`,
          sequences.map(({ batches }) => batches.map(steadily)),
          (step) => ((feedSteps >> step) % 2 === 0 ? 'feed' : 'each'),
        );
        for (const n of sequences.keys())
          expect(withoutMoments(await factsOfSupplier(test.db, `feeds-${trial}-${n}`))).toEqual(
            withoutMoments(await factsOfSupplier(test.db, `plain-${trial}-${n}`)),
          );
      }),
      { ...AT_FIRST_FAILURE, numRuns: FEED_SEQUENCES / SEQUENCES_AT_ONCE },
    );
  }, 120_000);
});

describe('G4 on mysql with writers beside each other', () => {
  let test: TestDatabase;
  let writers: { db: Database; recorder: Recorder }[] = [];
  beforeAll(async () => {
    test = await createTestDatabase('mysql');
    writers = Array.from({ length: WRITERS }, () => {
      const db = openDatabase({ url: test.url, poolSize: 1 });
      return { db, recorder: createRecorder({ db, wake: memoryWake(), clock: systemClock }) };
    });
  });
  afterAll(async () => {
    for (const { db } of writers) await db.close();
    await test.remove();
  });

  it('ends with the same rows as one writer who takes them in order', async () => {
    const sequences = fc.sample(fc.array(anyObservation('any'), { minLength: 40, maxLength: 40 }), PARALLEL_ROUNDS);
    for (const [round, said] of sequences.entries()) {
      const [sorted, parallel] = [`alone-${round}`, `beside-${round}`];
      const record = async ({ recorder }: { recorder: Recorder }, supplier: string, some: readonly Observation[]) =>
        recorder.record({
          cause: 'SYNC',
          confirmation: 'each',
          observations: some.map((one) => ({ ...one, supplier })),
        });
      const [first] = writers;
      if (first !== undefined) await record(first, sorted, inOrder(said));
      await Promise.all(
        writers.map(async (writer, n) => {
          // Each says nearly all of it, in an order of its own.
          const own = [...said.slice(n * 10), ...said.slice(0, n * 10)].filter((_, index) => index % WRITERS !== n);
          for (const batch of inChunks(n % 2 === 0 ? own : own.reverse(), 5)) await record(writer, parallel, batch);
        }),
      );
      expect(await factsOfSupplier(test.db, parallel)).toEqual(await factsOfSupplier(test.db, sorted));
    }
  }, 60_000);
});

function anyShuffled(): fc.Arbitrary<Shuffled> {
  return fc
    .array(anyObservation('any'), { minLength: 2, maxLength: 12 })
    .chain((said) =>
      fc
        .tuple(
          fc.shuffledSubarray(said, { minLength: said.length }),
          fc.subarray(said),
          fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 24, maxLength: 24 }),
        )
        .map(([shuffled, again, sizes]) => ({ said, batches: inBatches([...shuffled, ...again], sizes) })),
    );
}

function inBatches<T>(items: readonly T[], sizes: readonly number[]): T[][] {
  const batches: T[][] = [];
  let start = 0;
  for (const size of sizes) {
    if (start >= items.length) break;
    batches.push(items.slice(start, start + size));
    start += size;
  }
  return batches;
}

/** Facts without `observedAt` and `sourceAsOf`, which a repetition by a feed does not move. */
function withoutMoments(facts: unknown): unknown {
  return JSON.parse(
    JSON.stringify(facts, (name, value: unknown) => (/observed|source/i.test(name) ? undefined : value)),
  ) as unknown;
}
