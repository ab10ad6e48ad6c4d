import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { memoryLearntNotes } from '../../src/redis/learnt-notes-memory.ts';
import { redisLearntNotes, type LearntNotes } from '../../src/redis/learnt-notes.ts';
import { redisUnderTest, type RedisUnderTest } from './redis-under-test.ts';

let redis: RedisUnderTest;
beforeAll(async () => {
  redis = await redisUnderTest('learnt-notes');
});
afterAll(() => redis.close());

const TWINS: readonly [string, () => LearntNotes][] = [
  ['in memory', () => memoryLearntNotes(Date.now)],
  ['in Redis', () => redisLearntNotes(redis.client, `${redis.prefix}${randomUUID()}:`)],
];

describe.each(TWINS)('notes %s', (_name, make) => {
  let notes: LearntNotes;
  beforeEach(() => {
    notes = make();
  });
  const texts = async (supplier = 's'): Promise<object> => Object.fromEntries((await notes.read(supplier)).texts);

  it('are read with the time of their store, each supplier its own', async () => {
    expect(await texts()).toEqual({});
    expect(await notes.replace('s', 'stated {s}:a:day 1:60000', null, '{"limit":5}')).toBe(true);
    expect(await notes.replace('other', 'field', null, 'é "quoted" \u{1f529}')).toBe(true);
    expect(await texts()).toEqual({ 'stated {s}:a:day 1:60000': '{"limit":5}' });
    expect(await texts('other')).toEqual({ field: 'é "quoted" \u{1f529}' });
    const { at } = await notes.read('s');
    expect(Math.abs(at - Date.now())).toBeLessThan(2_000);
    expect(Number.isInteger(at)).toBe(true);
  });

  it('are replaced only where they are what was read', async () => {
    expect(await notes.replace('s', 'f', 'something', 'new')).toBe(false);
    expect(await notes.replace('s', 'f', null, 'one')).toBe(true);
    expect(await notes.replace('s', 'f', null, 'two')).toBe(false);
    expect(await notes.replace('s', 'f', 'one', 'two')).toBe(true);
    expect(await texts()).toEqual({ f: 'two' });
    expect(await notes.replace('s', 'f', 'one', null)).toBe(false);
    expect(await notes.replace('s', 'f', 'two', null)).toBe(true);
    expect(await texts()).toEqual({});
  });

  it('are changed by one of many at the same instant', async () => {
    const won = await Promise.all(Array.from({ length: 20 }, (_, index) => notes.replace('s', 'f', null, `${index}`)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await texts()).toEqual({ f: String(won.indexOf(true)) });
  });

  it('are what was read, whatever is written later', async () => {
    await notes.replace('s', 'f', null, 'one');
    const { texts: read } = await notes.read('s');
    await notes.replace('s', 'f', 'one', 'two');
    expect(read.get('f')).toBe('one');
  });
});
