import { describe, expect, it } from 'vitest';
import {
  factorField,
  learntAt,
  loweredFactor,
  notedLimit,
  notedRest,
  restField,
  statedField,
} from '../../src/outbound/learnt.ts';
import { accountWindows, callWindows, NOTHING_LEARNT } from '../../src/outbound/windows.ts';
import { limitOf, profileWith } from './connections.ts';

const START = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const SCOPE = '{s}:a';

describe('the part that is used after refusals that nothing explains', () => {
  const factorAt = (note: string, at: number): number =>
    learntAt(new Map([[factorField(SCOPE), note]]), at).factors.get(SCOPE) ?? 1;

  it('falls by a fifth each time, and never below a fifth', () => {
    let note: string | null = null;
    const factors: number[] = [];
    for (let time = 0; time < 10; time += 1) {
      const at = START + time * 1_000;
      note = loweredFactor(note, at, at) ?? note;
      factors.push(factorAt(note ?? '', at));
    }
    expect(factors.map((factor) => factor.toFixed(3))).toEqual([
      '0.800',
      '0.640',
      '0.512',
      '0.410',
      '0.328',
      '0.262',
      '0.210',
      '0.200',
      '0.200',
      '0.200',
    ]);
  });

  it('falls once for calls that were under way together', () => {
    const note = loweredFactor(null, START, START + 500);
    expect(note).not.toBeNull();
    expect(loweredFactor(note, START + 400, START + 600)).toBeNull();
    expect(loweredFactor(note, START + 501, START + 900)).not.toBeNull();
  });

  it('comes back by a twentieth in each quiet ten minutes, and never above all', () => {
    const note = loweredFactor(null, START, START) ?? '';
    const after = (minutes: number): number => Number(factorAt(note, START + minutes * MINUTE_MS).toFixed(3));
    expect([0, 9, 10, 25, 39, 40, 4_000].map(after)).toEqual([0.8, 0.8, 0.85, 0.9, 0.95, 1, 1]);
  });
});

describe('a stated limit', () => {
  it('holds while it is stated and for a while after; a higher one neither raises nor prolongs it', () => {
    const field = statedField('w');
    const limitAt = (note: string, at: number) => learntAt(new Map([[field, note]]), at).stated.get('w') ?? null;
    const note = notedLimit(null, 50, MINUTE_MS, START) ?? '';
    expect(notedLimit(note, 50, MINUTE_MS, START + MINUTE_MS)).toBeNull();
    expect(notedLimit(note, 80, MINUTE_MS, START + MINUTE_MS)).toBeNull();
    const renewed = notedLimit(note, 50, MINUTE_MS, START + 6 * MINUTE_MS) ?? '';
    expect([START, START + 9 * MINUTE_MS, START + 10 * MINUTE_MS].map((at) => limitAt(note, at))).toEqual([
      50,
      50,
      null,
    ]);
    expect(limitAt(renewed, START + 15 * MINUTE_MS)).toBe(50);
    expect(limitAt(notedLimit(note, 20, MINUTE_MS, START) ?? '', START)).toBe(20);
    expect(limitAt(notedLimit(note, 80, MINUTE_MS, START + 11 * MINUTE_MS) ?? '', START + 11 * MINUTE_MS)).toBe(80);
  });
});

describe('windows', () => {
  const profile = profileWith({
    limits: [
      limitOf('steady', [
        { limit: 10, windowMs: 1_000 },
        { limit: 1, windowMs: 5_000 },
        { limit: 4, windowMs: 0 },
      ]),
    ],
    share: 0.8,
    keptBack: { backfill: 0.5 },
  });
  const read = { supplier: 's', account: 'a', callClass: 'read' };
  const limits = (texts: [string, string][], lane: 'checkout' | 'backfill' = 'checkout') =>
    callWindows(read, profile, lane, learntAt(new Map(texts), START)).map(({ limit }) => limit);
  const stated = (limit: number) => notedLimit(null, limit, 1_000, START) ?? '';

  it('are lowered by a factor, with a call left for each', () => {
    const note = loweredFactor(null, START, START) ?? '';
    expect(limits([])).toEqual([8, 1, 3]);
    expect(limits([[factorField(SCOPE), note]])).toEqual([6, 1, 2]);
    expect(limits([[factorField(SCOPE), note]], 'backfill')).toEqual([6, 1, 2]);
    expect(limits([[factorField('{s}:other'), note]])).toEqual([8, 1, 3]);
  });

  it('are lowered by what is stated, less the share of others, and never raised', () => {
    const field = statedField('{s}:a:steady:1000');
    expect(limits([[field, stated(5)]])).toEqual([4, 1, 3]);
    expect(limits([[field, stated(1)]])).toEqual([1, 1, 3]);
    expect(limits([[field, stated(1_000)]])).toEqual([8, 1, 3]);
  });

  it('have what remains beside them, as a window to the end of the time stated', () => {
    const field = restField('{s}:a:steady:1000');
    const texts = new Map([[field, notedRest('n1', 3, 700, START)]]);
    const [, , , rest] = callWindows(read, profile, 'checkout', learntAt(texts, START + 200));
    expect(rest).toMatchObject({ key: '{s}:a:steady:1000:rest:n1', limit: 3, windowMs: 500, isRest: true });
    expect(callWindows(read, profile, 'checkout', learntAt(texts, START + 700))).toHaveLength(3);
    expect(accountWindows(read, profile, learntAt(texts, START))).toHaveLength(3);
  });

  it.each(['', '{', 'null', '5', '{"factor":0}', '{"factor":7,"at":1}', '{"limit":-1,"until":9e15}', '{"limit":"5"}'])(
    'take a note that cannot be read for none: %s',
    (text) => {
      const fields = [factorField(SCOPE), statedField('{s}:a:steady:1000'), restField(SCOPE)];
      expect(learntAt(new Map(fields.map((field) => [field, text])), START)).toEqual(NOTHING_LEARNT);
    },
  );
});
