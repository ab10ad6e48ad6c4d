import { describe, expect, it } from 'vitest';
import { createBatcher } from '../../src/inventory/batcher.ts';

function recording(): { statements: string[][]; load: (keys: string[]) => Promise<Map<string, string>> } {
  const statements: string[][] = [];
  return {
    statements,
    load: async (keys) => {
      statements.push(keys);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return new Map(keys.filter((key) => key !== 'none').map((key) => [key, `value of ${key}`]));
    },
  };
}

describe('the batcher', () => {
  it('joins the keys of many requests into one statement, each key once', async () => {
    const { statements, load } = recording();
    const batcher = createBatcher({ load, keysPerStatement: 100, statementsInFlight: 1 });
    const [a, b] = await Promise.all([batcher.getMany(['x', 'y']), batcher.getMany(['y', 'none'])]);
    expect(statements).toEqual([['x', 'y', 'none']]);
    expect([a.get('x'), b.get('y'), b.get('none')]).toEqual(['value of x', 'value of y', undefined]);
  });

  it('lets further keys wait while its statements are in flight', async () => {
    const { statements, load } = recording();
    const batcher = createBatcher({ load, keysPerStatement: 2, statementsInFlight: 1 });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => batcher.getMany([key])));
    expect(statements).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('fails those who asked, and answers those who ask afterwards', async () => {
    let isBroken = true;
    const batcher = createBatcher<string, number>({
      load: async () => {
        if (isBroken) throw new Error('away');
        return new Map([['a', 1]]);
      },
      keysPerStatement: 10,
      statementsInFlight: 1,
    });
    await expect(batcher.getMany(['a'])).rejects.toThrow('away');
    isBroken = false;
    expect((await batcher.getMany(['a'])).get('a')).toBe(1);
  });
});
