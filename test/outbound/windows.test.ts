import { describe, expect, it } from 'vitest';
import { accountWindows, callScopes, callWindows, durationInWords, windowInWords } from '../../src/outbound/windows.ts';
import { profileWith } from './connections.ts';

const profile = profileWith({
  limits: [
    {
      name: 'steady',
      scope: 'credential',
      counts: ['read'],
      windows: [
        { limit: 5, windowMs: 1_000 },
        { limit: 5_000, windowMs: 3_600_000 },
      ],
      source: 'a page',
    },
    {
      name: 'address',
      scope: 'address',
      counts: ['token'],
      windows: [{ limit: 10, windowMs: 60_000 }],
      source: 'a page',
    },
    {
      name: 'full',
      scope: 'credential',
      counts: ['dump'],
      windows: [{ limit: 1, windowMs: 900_000 }],
      source: 'a page',
    },
  ],
  share: 0.8,
  keptBack: { backfill: 0.5 },
});
const read = { supplier: 'turn14', account: 'main', callClass: 'read' };

describe('windows of a call', () => {
  it('are those of the limits that count its class, with our share of them', () => {
    expect(callWindows(read, profile, 'checkout').map(({ key, limit }) => [key, limit])).toEqual([
      ['{turn14}:main:steady:1000', 4],
      ['{turn14}:main:steady:3600000', 4_000],
    ]);
  });

  it('leave out what is kept back from the lane, where they are long', () => {
    expect(callWindows(read, profile, 'backfill').map(({ limit }) => limit)).toEqual([4, 2_000]);
  });

  it('shut no lane out by a share of a minimum interval', () => {
    const dump = { ...read, callClass: 'dump' };
    expect(callWindows(dump, profile, 'backfill').map(({ limit }) => limit)).toEqual([1]);
  });

  it('are shared by all accounts where the address is counted', () => {
    const token = { ...read, callClass: 'token' };
    const [one] = callWindows(token, profile, 'checkout');
    const [other] = callWindows({ ...token, account: 'second' }, profile, 'checkout');
    expect(one?.key).toBe('{turn14}:address:address:60000');
    expect(other?.key).toBe(one?.key);
    expect(callScopes(token, profile)).toEqual(['{turn14}:main', '{turn14}:address']);
    expect(callScopes(read, profile)).toEqual(['{turn14}:main']);
  });

  it('are all of the account for its operators', () => {
    expect(accountWindows(read, profile)).toHaveLength(4);
  });

  it('can be said in words', () => {
    expect(accountWindows(read, profile).map(windowInWords)).toEqual([
      '4 calls per 1 s (limit "steady")',
      '4000 calls per 60 min (limit "steady")',
      '8 calls per 60 s (limit "address")',
      '1 call per 15 min (limit "full")',
    ]);
    expect([0.4, 999, 119_000, 121_000, 86_400_000].map(durationInWords)).toEqual([
      '1 ms',
      '999 ms',
      '119 s',
      '3 min',
      '24 h',
    ]);
  });
});
