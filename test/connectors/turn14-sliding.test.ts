import { expect, it } from 'vitest';
import { turn14 } from '../../src/connectors/turn14/turn14.ts';
import type { CallSupplier } from '../../src/outbound/supplier-call.ts';

const START = Date.parse('2026-11-24T12:00:00Z');
const MINUTE = 60_000;
const RUN_EVERY = 10 * MINUTE;
const CALL_TAKES = 2_000;
const CHANGE_EVERY = 3_000;
const PAGE_SIZE = 50;
const ROWS = 800;

it('sees each change although rows slip between pages while the distance slides', async () => {
  let now = START;
  const changedAt = new Map(Array.from({ length: ROWS }, (_, n) => [`p${n}`, START + (n + 1) * CHANGE_EVERY]));
  const call: CallSupplier = async ({ query }) => {
    now += CALL_TAKES;
    const since = now - Number(query?.['minutes']) * MINUTE;
    const wanted = [...changedAt].filter(([, at]) => at >= since && at <= now).map(([id]) => id);
    const page = Number(query?.['page']);
    const data = wanted
      .slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE)
      .map((id) => ({ id, attributes: { inventory: { '01': 0 } } }));
    const body = { data, meta: { total_pages: Math.max(1, Math.ceil(wanted.length / PAGE_SIZE)) } };
    return { status: 200, headers: {}, body, sentAt: now, askedAt: now, sentAtSupplier: now };
  };
  const seen = new Set<string>();
  const { overlapSeconds } = turn14.profile.schedules.stock ?? { overlapSeconds: 0 };
  let watermark = START;
  for (let run = 1; run * RUN_EVERY <= ROWS * CHANGE_EVERY + 2 * RUN_EVERY; run += 1) {
    now = START + run * RUN_EVERY;
    const since = watermark - overlapSeconds * 1_000;
    watermark = now;
    for (let token: string | null = null, page = 0; page < 100; page += 1) {
      const ask = { call, supplier: 's', account: 'a', now: () => now, token, since };
      const { observations, nextToken } = await turn14.feeds.stock.incremental.page(ask);
      for (const one of observations) seen.add(one.supplierPartNumber);
      token = nextToken;
      if (token === null) break;
    }
  }
  expect([...changedAt.keys()].filter((id) => !seen.has(id))).toEqual([]);
});
