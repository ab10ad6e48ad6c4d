import { afterEach, describe, expect, it } from 'vitest';
import type { Limit, LimitScope } from '../../src/domain/profile.ts';
import { refusalOf } from '../../src/sandbox/limiter.ts';
import { createRandom } from '../../src/sandbox/random.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { createJudge, type Judge, type Judged } from '../../src/sandbox/verdict.ts';
import { createSandboxClient } from './sandbox-client.ts';

function limitOf(windows: Limit['windows'], scope: LimitScope = 'credential', counts: Limit['counts'] = 'all'): Limit {
  return { name: 'calls', scope, counts, windows, source: 'this test' };
}

function arrive(judge: Judge, at: number, credential = 'one', callClass = 'stock'): Judged {
  return judge.arrive({ callClass, credential, address: '127.0.0.1', at });
}

describe('the judge', () => {
  it('counts the window (t - W, t]: two arrivals exactly W apart never share one', () => {
    const judge = createJudge([limitOf([{ limit: 1, windowMs: 1_000 }])]);
    for (const at of [0, 1_000, 2_000]) arrive(judge, at);
    expect(judge.verdict().windows[0]).toMatchObject({ greatest: 1, violations: 0, utilisation: 1.5 });
    arrive(judge, 2_999.9);
    expect(judge.verdict().windows[0]).toMatchObject({ greatest: 2, violations: 1 });
  });

  it('agrees with a count of every window by hand, over 200 made-up streams of arrivals', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = createRandom(seed);
      const windows = [1, 2, 3].map(() => ({ limit: 1 + random.below(6), windowMs: 1 + random.below(500) }));
      const judge = createJudge([limitOf(windows)]);
      const arrivals: number[] = [];
      let at = 0;
      for (let call = 0; call < 150; call += 1) {
        at += random.chance(0.3) ? 0 : random.below(60);
        arrivals.push(at);
        arrive(judge, at);
      }
      const byHand = windows.map(({ limit, windowMs }) => {
        const counts = arrivals.map(
          (end, index) => arrivals.slice(0, index + 1).filter((time) => time > end - windowMs).length,
        );
        return { greatest: Math.max(...counts), violations: counts.filter((count) => count > limit).length };
      });
      expect(judge.verdict().windows).toMatchObject(byHand);
    }
  });

  it('keeps credentials apart, addresses together, and call classes as the limit says', () => {
    const windows = [{ limit: 1, windowMs: 1_000 }];
    const judge = createJudge([
      limitOf(windows),
      limitOf(windows, 'address'),
      limitOf(windows, 'credential', ['token']),
    ]);
    arrive(judge, 0, 'one');
    arrive(judge, 1, 'two');
    expect(judge.verdict().windows.map((window) => window.greatest)).toEqual([1, 2, 0]);
    expect(judge.verdict().callsByClass).toEqual({ stock: 2 });
  });

  it('counts calls in flight where a window is 0 long', () => {
    const judge = createJudge([limitOf([{ limit: 1, windowMs: 0 }])]);
    arrive(judge, 0).left();
    const second = arrive(judge, 1);
    arrive(judge, 2).left();
    second.left();
    second.left();
    arrive(judge, 3);
    expect(judge.verdict().windows[0]).toMatchObject({ greatest: 2, violations: 1, utilisation: null });
  });

  it('forgets arrivals older than its longest window, and goes on right', () => {
    const judge = createJudge([limitOf([{ limit: 10, windowMs: 10 }])]);
    for (let at = 0; at < 50_000; at += 1) arrive(judge, at);
    expect(judge.verdict().windows[0]).toMatchObject({ greatest: 10, violations: 0 });
  });
});

describe('the limiter', () => {
  it('names the moment after which one more call keeps to every window', () => {
    const windows = [
      { limit: 2, windowMs: 1_000 },
      { limit: 3, windowMs: 60_000 },
    ];
    const judge = createJudge([limitOf(windows)]);
    expect(refusalOf(arrive(judge, 0).standings, 0)).toBeNull();
    expect(refusalOf(arrive(judge, 100).standings, 100)).toBeNull();
    // Over the first window only: room again 1000 ms after the arrival at 100.
    expect(refusalOf(arrive(judge, 200).standings, 200)?.retryAfterSeconds).toBe(1);
    // Over both: three arrivals within a minute must become two, so the one at 100 has to leave.
    expect(refusalOf(arrive(judge, 300).standings, 300)?.retryAfterSeconds).toBe(60);
    expect(refusalOf(arrive(judge, 60_300).standings, 60_300)).toBeNull();
  });
});

const started: Sandbox[] = [];

async function start(options: SandboxOptions): Promise<Sandbox> {
  const sandbox = await startSandbox({ parts: 10, ...options });
  started.push(sandbox);
  return sandbox;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((sandbox) => sandbox.stop()));
});

describe('limits over HTTP', () => {
  it('answers 429 with Retry-After beyond the limit, and the verdict counts every call too many', async () => {
    const sandbox = await start({});
    const client = createSandboxClient(sandbox.url);
    const replies = await Promise.all(Array.from({ length: 30 }, () => client.get('/v1/stock')));
    const refused = replies.filter((reply) => reply.status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(10);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused[0]?.json()['error']).toBe('too_many_requests');
    const verdict = sandbox.verdict();
    expect(verdict).toMatchObject({ arrivals: 30, refused: refused.length, answered: 30 - refused.length });
    const perSecond = verdict.windows.find((window) => window.windowMs === 1_000);
    expect(perSecond?.violations).toBe(refused.length);
    expect(perSecond?.greatest).toBeGreaterThan(10);
    expect(verdict.windows.find((window) => window.windowMs === 60_000)).toMatchObject({ greatest: 30, violations: 0 });
  });

  it('finds no violation in a caller that keeps its distance', async () => {
    const sandbox = await start({ limits: [limitOf([{ limit: 1, windowMs: 20 }])] });
    const client = createSandboxClient(sandbox.url);
    for (let call = 0; call < 5; call += 1) {
      expect((await client.get('/v1/stock')).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(sandbox.verdict().windows[0]).toMatchObject({ greatest: 1, violations: 0 });
  });

  it('counts tokens apart from data, wrong credentials together, and nothing of the control plane', async () => {
    const sandbox = await start({});
    const client = createSandboxClient(sandbox.url);
    const application = { grant_type: 'client_credentials', client_id: 'sandbox', client_secret: 'wrong' };
    for (let call = 0; call < 12; call += 1) {
      const reply = await client.post('/oauth/token', application);
      expect(reply.status).toBe(call < 10 ? 401 : 429);
    }
    const stranger = createSandboxClient(sandbox.url, { 'x-api-key': 'other' });
    const strange = await Promise.all(Array.from({ length: 12 }, () => stranger.get('/v1/stock')));
    expect(strange.filter((reply) => reply.status === 429).length).toBeGreaterThanOrEqual(1);
    const verdict = (await client.get('/_sandbox/verdict')).json();
    expect(verdict['callsByClass']).toEqual({ token: 12, stock: 12 });
    expect((await client.get('/v1/stock')).status).toBe(200);
  });
});
