import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { atLeast, exactly, UNKNOWN_QUANTITY } from '../../src/domain/quantity.ts';
import type { AnswerCache, CachedAnswer } from '../../src/redis/answer-cache.ts';

export const LASTING_MS = 60_000;

export function answerOf(version: number, more: Partial<CachedAnswer> = {}): CachedAnswer {
  const levels = [{ location: '01', quantity: exactly(version) }];
  return { version, observedAt: version + 1, sourceAsOf: null, isListed: true, levels, ...more };
}

/** What each twin promises. @param create an empty cache; those of one test share nothing */
export function keepsTheAnswerCacheContract(create: () => AnswerCache): void {
  it('gives back what was put in, each in the place of its key, and undefined for the others', async () => {
    const cache = create();
    const rich = answerOf(1, {
      sourceAsOf: 5,
      levels: [
        { location: '01', quantity: exactly(0) },
        { location: 'HATFIELD', quantity: atLeast(25) },
        { location: 'x', quantity: UNKNOWN_QUANTITY },
      ],
    });
    const absent = answerOf(2, { isListed: false, levels: [] });
    await cache.setMany([
      { key: 's:A', answer: rich, ttlMs: LASTING_MS },
      { key: 's:gone', answer: absent, ttlMs: LASTING_MS },
    ]);
    expect(await cache.getMany(['s:gone', 's:B', 's:A', 's:gone'])).toEqual([absent, undefined, rich, absent]);
  });

  it('takes keys as they are: blanks, colons, case and stars are part of them', async () => {
    const cache = create();
    const keys = ['s:a', 's:A', 's:a:b', 's:a b', 's:*', 's:ä/#?', 't:a'];
    await cache.setMany(keys.map((key, n) => ({ key, answer: answerOf(n), ttlMs: LASTING_MS })));
    expect(await cache.getMany(keys)).toEqual(keys.map((_, n) => answerOf(n)));
  });

  it('replaces an answer by the next', async () => {
    const cache = create();
    await cache.setMany([{ key: 's:A', answer: answerOf(1), ttlMs: LASTING_MS }]);
    await cache.setMany([{ key: 's:A', answer: answerOf(2), ttlMs: LASTING_MS }]);
    expect(await cache.getMany(['s:A'])).toEqual([answerOf(2)]);
  });

  it('forgets each answer when its own time is over', async () => {
    const cache = create();
    await cache.setMany([
      { key: 's:short', answer: answerOf(1), ttlMs: 40 },
      { key: 's:long', answer: answerOf(2), ttlMs: LASTING_MS },
    ]);
    await sleep(60);
    expect(await cache.getMany(['s:short', 's:long'])).toEqual([undefined, answerOf(2)]);
  });

  it('takes nothing and is asked for nothing', async () => {
    const cache = create();
    await cache.setMany([]);
    expect(await cache.getMany([])).toEqual([]);
  });

  it('takes and gives a bulk call of a thousand keys', async () => {
    const cache = create();
    const keys = Array.from({ length: 1_000 }, (_, n) => `s:K${n}`);
    await cache.setMany(keys.map((key, n) => ({ key, answer: answerOf(n), ttlMs: LASTING_MS })));
    expect(await cache.getMany(keys)).toEqual(keys.map((_, n) => answerOf(n)));
  });
}
