import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SandboxControl } from '../../src/sandbox/control.ts';
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';
import { startWholeGateway, type WholeGateway } from '../whole-gateway.ts';

interface Page {
  readonly parts: {
    readonly nodes: {
      readonly availability: {
        readonly levels: { readonly location: string }[];
        readonly freshness: { readonly status: string; readonly reason: string | null };
      };
    }[];
  };
}

const QUERY = `query ($freshness: FreshnessInput) {
  parts(first: 20) { nodes { availability(freshness: $freshness) { levels { location } freshness { status reason } } } }
}`;

const never = 10 * 365 * 86_400;
const seldom = { fullEverySeconds: never, incrementalEverySeconds: never, overlapSeconds: 5 };
const supplier = { schedules: { catalog: seldom, stock: seldom, prices: seldom } };
const sandbox = { parts: 60, movesPerSecond: 0 };
/** For every try and time-out on the way to the reason itself, on a busy machine too; a caller who leaves before is told TIMED_OUT. */
const LONG_ENOUGH = 'PT8S';

/** Every part is stored, so every part is answered, whatever it was asked with: stale where it must be, with its reason. */
async function answers(gateway: WholeGateway, onStale: string, waitUpTo = 'PT1S'): Promise<Set<string | null>> {
  const freshness = { maxAge: 'PT0S', onStale, waitUpTo };
  const { data, errors } = await gateway.ask<Page>(QUERY, { freshness });
  expect(errors).toBeUndefined();
  expect(data.parts.nodes).toHaveLength(20);
  for (const { availability } of data.parts.nodes) {
    expect(availability.levels.length).toBeGreaterThan(0);
    expect(availability.freshness.reason === null).toBe(availability.freshness.status === 'FRESH');
  }
  return new Set(data.parts.nodes.map(({ availability }) => availability.freshness.reason));
}

async function freshAgain(gateway: WholeGateway): Promise<void> {
  await vi.waitFor(async () => expect(await answers(gateway, 'WAIT_THEN_SERVE')).toEqual(new Set([null])), {
    timeout: 25_000,
    interval: 250,
  });
}

describe('G7: the failure of a supplier never fails a query that has a stored value', () => {
  let gateway: WholeGateway;
  let control: SandboxControl;
  beforeAll(async () => {
    gateway = await startWholeGateway({ on: 'embedded', sandbox, supplier });
    ({ control } = gateway.sandbox);
    gateway.app.startWork();
    await gateway.filled();
  });
  afterAll(() => gateway.close());

  // The first time it is met, the second time it is remembered: the reason is the same.
  it.each([
    ['errors500', 'SUPPLIER_UNREACHABLE', LONG_ENOUGH],
    ['reset', 'SUPPLIER_UNREACHABLE', LONG_ENOUGH],
    ['html200', 'SUPPLIER_ANSWER_UNUSABLE', LONG_ENOUGH],
    ['truncated', 'SUPPLIER_ANSWER_UNUSABLE', LONG_ENOUGH],
    ['slow', 'TIMED_OUT', 'PT1S'],
  ] as const)('while it answers with %s', async (kind, reason, waitUpTo) => {
    control.addFault({ kind, path: '/v1', ...(kind === 'slow' && { delayMs: 3_000 }) });
    for (let again = 0; again < 2; again += 1)
      expect(await answers(gateway, 'WAIT_THEN_SERVE', waitUpTo)).toEqual(new Set([reason]));
    await answers(gateway, 'SERVE_AND_REVALIDATE');
    expect(await answers(gateway, 'CACHE_ONLY')).toEqual(new Set(['CACHE_ONLY']));
    control.clearFaults();
    await freshAgain(gateway);
  });

  it('while it says that it is asked too often', async () => {
    control.addFault({ kind: 'storm429', path: '/v1', count: 1 });
    for (let again = 0; again < 2; again += 1)
      expect(await answers(gateway, 'WAIT_THEN_SERVE')).toEqual(new Set(['SUPPLIER_PAUSED']));
    control.clearFaults();
    await freshAgain(gateway);
  });

  it('is an error only where the caller insists on a live answer', async () => {
    control.addFault({ kind: 'errors500', path: '/v1' });
    const freshness = { maxAge: 'PT0S', onStale: 'LIVE_REQUIRED', waitUpTo: 'PT1S' };
    const { errors } = await gateway.ask(QUERY, { freshness });
    expect(errors?.[0]?.extensions['code']).toBe('UPSTREAM_UNAVAILABLE');
    control.clearFaults();
  });
});

describe('G7: the failure of Redis never fails a query that has a stored value', () => {
  let gateway: WholeGateway;
  let proxy: TcpProxy;
  beforeAll(async () => {
    const redis = new URL(process.env['TEST_REDIS_URL'] ?? 'redis://TEST_REDIS_URL-is-not-set');
    proxy = await startTcpProxy({ host: redis.hostname, port: Number(redis.port) });
    gateway = await startWholeGateway({
      on: 'servers',
      sandbox,
      supplier,
      redisUrl: `redis://127.0.0.1:${proxy.port}`,
    });
    gateway.app.startWork();
    await gateway.filled();
    await freshAgain(gateway);
  });
  afterAll(async () => {
    await gateway.close();
    await proxy.close();
  });

  it.each(['cut', 'stall', 'freeze'] as const)('while it is away (%s), and no supplier is called', async (mode) => {
    proxy.set(mode);
    const arrivals = gateway.sandbox.verdict().arrivals;
    expect(await answers(gateway, 'CACHE_ONLY')).toEqual(new Set(['CACHE_ONLY']));
    const reasons = await answers(gateway, 'WAIT_THEN_SERVE', LONG_ENOUGH);
    expect(reasons).toEqual(new Set(['BUDGET_UNREACHABLE']));
    await answers(gateway, 'SERVE_AND_REVALIDATE');
    expect(gateway.sandbox.verdict().arrivals).toBe(arrivals);
    const ready = await fetch(`${gateway.url}/health/ready`);
    expect(ready.status).toBe(200);
    proxy.set('pass');
    await freshAgain(gateway);
  });
});
