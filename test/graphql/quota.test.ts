import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';
import { startWholeGateway, type Answer, type WholeGateway } from '../whole-gateway.ts';
import { everyResult } from './running-gateway.ts';

const never = 10 * 365 * 86_400;
const seldom = { fullEverySeconds: never, incrementalEverySeconds: never, overlapSeconds: 5 };
const SCHEDULES = { catalog: seldom, stock: seldom, prices: seldom };
const QUOTA = `query ($supplier: ID!) { supplierQuota(supplier: $supplier) {
  supplier { name } pausedUntil isPastKnown
  windows { limitName scope length limit ours effective stated cautionFactor occupied freesAt projectedExhaustionAt
    keptBack { lane calls } }
  lanes { lane callsLastHour waiting }
  strikes { limitName length allowed left forgottenAt onlyCheckoutUntil }
  remainders { about calls until } } }`;
/** Asks the supplier now. */
const LIVE = `{ part(by: { supplierPart: { supplier: "supplier_sandbox", supplierPartNumber: "000007" } }) {
  availability(freshness: { maxAge: "PT0S", onStale: WAIT_THEN_SERVE, waitUpTo: "PT2S" }) { quantity freshness { reason } } } }`;
const LIMITS = [
  {
    name: 'calls',
    scope: 'credential' as const,
    counts: ['catalog', 'stock', 'stockByIds', 'prices'],
    windows: [
      { limit: 20, windowMs: 1_000 },
      { limit: 500, windowMs: 3_600_000 },
      { limit: 8, windowMs: 0 },
    ],
    source: 'the test',
  },
  {
    name: 'token',
    scope: 'address' as const,
    counts: ['token'],
    windows: [{ limit: 10, windowMs: 60_000 }],
    source: 'the test',
  },
];

interface Quota {
  supplier: { name: string };
  pausedUntil: string | null;
  isPastKnown: boolean;
  windows: Record<string, string | number | null>[];
  lanes: { lane: string; callsLastHour: number; waiting: number }[];
  strikes: unknown[];
  remainders: unknown[];
}
const START = { sandbox: { parts: 50, movesPerSecond: 0, limits: LIMITS } } as const;
const SUPPLIER = { limits: LIMITS, share: 0.8, schedules: SCHEDULES };

const quotaOf = async (
  gateway: WholeGateway,
  supplier = 'supplier_sandbox',
): Promise<Answer<{ supplierQuota: Quota }>> => gateway.ask<{ supplierQuota: Quota }>(QUOTA, { supplier });

/** As the supplier counts them. */
function callsSeen({ sandbox }: WholeGateway): number {
  return Object.values(sandbox.verdict().callsByClass).reduce((sum, calls) => sum + calls, 0);
}

/** The value of a gauge with these labels. */
async function metric(gateway: WholeGateway, name: string, labels: string): Promise<number | null> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name}{${labels}}`));
  return line === undefined ? null : Number(line.split(' ').at(-1));
}

describe.each(['embedded', 'servers'] as const)('the quota on %s', (on) => {
  let gateway: WholeGateway;
  beforeAll(async () => {
    gateway = await startWholeGateway({ ...START, on, supplier: SUPPLIER, anonymous: ['storefront', 'internal'] });
    gateway.app.startWork();
    await gateway.filled();
  });
  afterAll(() => gateway.close());

  it('tells each window, after our share, with what occupies it', async () => {
    const { data, errors } = await quotaOf(gateway);
    expect(errors).toBeUndefined();
    const { supplierQuota: quota } = data;
    expect(quota).toMatchObject({ supplier: { name: 'sandbox' }, pausedUntil: null, isPastKnown: true });
    const [second, hour, flight, token] = quota.windows;
    expect(second).toMatchObject({ limitName: 'calls', scope: 'CREDENTIAL', length: 'PT1S', limit: 20, ours: 16 });
    expect(hour).toMatchObject({
      length: 'PT1H',
      limit: 500,
      ours: 400,
      effective: 400,
      stated: null,
      cautionFactor: 1,
    });
    expect(flight).toMatchObject({ length: null, ours: 6, occupied: 0, freesAt: null, projectedExhaustionAt: null });
    expect(token).toMatchObject({ limitName: 'token', scope: 'ADDRESS', ours: 8, occupied: 1 });
    expect(hour?.['keptBack']).toEqual([
      { lane: 'SCHEDULED', calls: 40 },
      { lane: 'BACKFILL', calls: 80 },
    ]);
    const calls = callsSeen(gateway);
    expect(hour?.['occupied']).toBe(calls - Number(token?.['occupied']));
    const freesInMs = Date.parse(String(hour?.['freesAt'])) - Date.now();
    expect(freesInMs).toBeGreaterThan(3_400_000);
    expect(freesInMs).toBeLessThanOrEqual(3_600_000);
  });

  it('tells what each lane used in the last hour, the most urgent lane first', async () => {
    const { lanes, strikes, remainders } = (await quotaOf(gateway)).data.supplierQuota;
    expect(lanes.map(({ lane }) => lane)).toEqual(['CHECKOUT', 'INTERACTIVE', 'FORCED', 'SCHEDULED', 'BACKFILL']);
    expect(lanes.reduce((sum, { callsLastHour }) => sum + callsLastHour, 0)).toBe(callsSeen(gateway));
    // A token is asked for as urgently as the most urgent call that may need it.
    expect(lanes[0]).toEqual({ lane: 'CHECKOUT', callsLastHour: 1, waiting: 0 });
    expect(lanes[4]?.callsLastHour).toBeGreaterThan(0);
    expect(strikes).toEqual([]);
    expect(remainders).toEqual([]);
  });

  it('shows the same figures on /metrics', async () => {
    const hour = (await quotaOf(gateway)).data.supplierQuota.windows[1];
    const labels = 'supplier="sandbox",window="calls/3600000ms"';
    expect(await metric(gateway, 'gateway_window_occupied_calls', labels)).toBe(hour?.['occupied']);
    expect(await metric(gateway, 'gateway_window_limit_calls', labels)).toBe(400);
    expect(await metric(gateway, 'gateway_window_effective_calls', labels)).toBe(400);
    expect(await metric(gateway, 'gateway_supplier_pause_seconds', 'supplier="sandbox"')).toBe(0);
    expect(await metric(gateway, 'gateway_lane_waiting_calls', 'supplier="sandbox",lane="backfill"')).toBe(0);
  });

  it('knows no supplier that is not configured, and says what is no supplier id', async () => {
    expect((await quotaOf(gateway, 'supplier_nobody')).data).toEqual({ supplierQuota: null });
    expect((await quotaOf(gateway, 'sandbox')).errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it('tells of a pause until when it lasts, and that its refusal lowered what is used', async () => {
    gateway.sandbox.control.addFault({ kind: 'storm429', count: 1, retryAfterSeconds: 30 });
    await gateway.ask(LIVE);
    const { pausedUntil, windows } = (await quotaOf(gateway)).data.supplierQuota;
    const pausedForMs = Date.parse(String(pausedUntil)) - Date.now();
    expect(pausedForMs).toBeGreaterThan(15_000);
    expect(pausedForMs).toBeLessThanOrEqual(30_100);
    expect(await metric(gateway, 'gateway_supplier_pause_seconds', 'supplier="sandbox"')).toBeGreaterThan(10);
    expect(windows[1]).toMatchObject({ ours: 400, effective: 320, cautionFactor: 0.8 });
    const labels = 'supplier="sandbox",window="calls/3600000ms"';
    expect(await metric(gateway, 'gateway_window_effective_calls', labels)).toBe(320);
  });
});

describe('the quota', () => {
  it('is refused to callers without the scope, over HTTP and over WebSocket', async () => {
    const gateway = await startWholeGateway({ ...START, on: 'embedded', supplier: SUPPLIER });
    const socket = createClient({ url: `${gateway.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    try {
      const query = { query: QUOTA, variables: { supplier: 'supplier_sandbox' } };
      const overSocket = (await everyResult(socket.iterate(query)))[0]?.errors?.[0];
      const overHttp = (await quotaOf(gateway)).errors?.[0];
      for (const error of [overHttp, overSocket]) {
        expect(error?.extensions?.['code']).toBe('FORBIDDEN');
        expect(error?.message).toContain('scope `internal`');
      }
    } finally {
      await socket.dispose();
      await gateway.close();
    }
  });

  it('is told over WebSocket to callers with the scope', async () => {
    const gateway = await startWholeGateway({
      ...START,
      on: 'embedded',
      supplier: SUPPLIER,
      anonymous: ['storefront', 'internal'],
    });
    const socket = createClient({ url: `${gateway.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    try {
      const query = { query: QUOTA, variables: { supplier: 'supplier_sandbox' } };
      const [answer] = await everyResult(socket.iterate(query));
      expect(answer).not.toHaveProperty('errors');
      expect(answer?.data?.['supplierQuota']).toMatchObject({ supplier: { name: 'sandbox' } });
    } finally {
      await socket.dispose();
      await gateway.close();
    }
  });

  it('is an error that says so where calls cannot be counted, and leaves the rest of the metrics', async () => {
    const { hostname: host, port } = new URL(String(process.env['TEST_REDIS_URL']));
    const proxy: TcpProxy = await startTcpProxy({ host, port: Number(port) });
    const gateway = await startWholeGateway({
      ...START,
      on: 'servers',
      supplier: SUPPLIER,
      redisUrl: `redis://127.0.0.1:${proxy.port}`,
      anonymous: ['internal'],
    });
    try {
      proxy.set('cut');
      const error = (await quotaOf(gateway)).errors?.[0];
      expect(error?.extensions['code']).toBe('STORE_UNAVAILABLE');
      expect(error?.message).toContain('cannot be reached');
      const labels = 'supplier="sandbox",window="calls/1000ms"';
      expect(await metric(gateway, 'gateway_window_occupied_calls', labels)).toBeNull();
      expect(await metric(gateway, 'gateway_lane_waiting_calls', 'supplier="sandbox",lane="checkout"')).toBe(0);
    } finally {
      await gateway.close();
      await proxy.close();
    }
  });
});
