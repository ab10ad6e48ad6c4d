import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rejection } from '../../src/domain/observation.ts';
import {
  countDeadLetters,
  insertDeadLetters,
  pruneDeadLetters,
  readDeadLetters,
} from '../../src/store/dead-letters.ts';
import { createTestDatabase, DIALECTS } from '../sync/test-database.ts';
import type { TestDatabase } from '../sync/test-database.ts';

describe.each(DIALECTS)('dead letters on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase(dialect);
  });
  afterAll(() => test.remove());

  it('counts the same slip instead of piling it up, in one batch and over several', async () => {
    const slip = rejection('10030', 'quantity "abc" is no number', 'first');
    await insertDeadLetters(test.db, { cause: 'SYNC' }, [slip, slip], 1_000);
    await insertDeadLetters(test.db, { cause: 'FORCED' }, [{ ...slip, raw: 'last' }], 2_000);
    expect(await readDeadLetters(test.db, 10)).toEqual([
      expect.objectContaining({
        times: 3,
        firstAt: 1_000,
        lastAt: 2_000,
        raw: 'last',
        cause: 'FORCED',
        supplierPartNumber: '10030',
      }),
    ]);
  });

  it('keeps other keys, other reasons and records without a key apart', async () => {
    const before = await countDeadLetters(test.db);
    const different = [
      rejection('a', 'x', ''),
      rejection('A', 'x', ''),
      rejection('a', 'y', ''),
      rejection(null, 'x', ''),
    ];
    await insertDeadLetters(test.db, { cause: 'SYNC' }, different, 3_000);
    expect(await countDeadLetters(test.db)).toBe(before + 4);
  });

  it('takes texts longer than their columns, in any script', async () => {
    await insertDeadLetters(
      test.db,
      { cause: 'SYNC' },
      [rejection('κ'.repeat(500), '漢'.repeat(3_000), '😀'.repeat(4_000))],
      9_000,
    );
    const [letter] = await readDeadLetters(test.db, 1);
    expect([letter?.supplierPartNumber?.length, letter?.reason.length, letter?.raw.length]).toEqual([
      128, 1_000, 4_000,
    ]);
  });

  it('forgets what did not come again', async () => {
    await insertDeadLetters(test.db, { cause: 'SYNC' }, [rejection('old', 'x', '')], 100);
    await insertDeadLetters(test.db, { cause: 'SYNC' }, [rejection('again', 'x', '')], 100);
    await insertDeadLetters(test.db, { cause: 'SYNC' }, [rejection('again', 'x', '')], 200);
    const before = await countDeadLetters(test.db);
    await pruneDeadLetters(test.db, 200);
    expect(await countDeadLetters(test.db)).toBe(before - 1);
  });

  function rejection(supplierPartNumber: string | null, reason: string, raw: string): Rejection {
    return { supplier: 'test', supplierPartNumber, reason, raw };
  }
});
