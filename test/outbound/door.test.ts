import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBreaker } from '../../src/outbound/breaker.ts';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import { connectionTo } from './connections.ts';
import { gateUnderTest, soon, type GateUnderTest } from './gate-under-test.ts';
import { answerJson, startSupplierDouble } from './supplier-double.ts';
import { virtualTime } from './virtual-time.ts';

const REQUEST = { callClass: 'read', method: 'GET', path: 'items', expects: 'json' } as const;
const MINUTE_MS = 60_000;

let folder: string;
let made: GateUnderTest;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'door-'));
  const own = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1', '-days', '2'];
  execFileSync('openssl', [...own, '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], {
    stdio: 'ignore',
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  made = await gateUnderTest();
});
afterEach(() => made.close());

async function failureAt(url: string): Promise<CallFailed> {
  const work = made.gate.callFor(connectionTo(url), soon())(REQUEST);
  const error: unknown = await work.then(
    () => null,
    (failed: unknown) => failed,
  );
  if (!(error instanceof CallFailed)) throw new Error(`A CallFailed was expected, not ${String(error)}.`);
  return error;
}

async function listening(server: Server): Promise<{ url: string; connections: () => number; close(): Promise<void> }> {
  let connections = 0;
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    connections: () => connections,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

describe('a supplier that refuses the connection itself', () => {
  it('is not asked again when it resets the handshake', async () => {
    const server = await listening(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        // After the first message of the handshake, as a front with an allow list does.
        socket.once('data', () => socket.resetAndDestroy());
      }),
    );
    const first = await failureAt(server.url);
    expect(first.failure).toBe('refused');
    expect(first.message).toContain("may not be on the supplier's allow-list");
    const askedAt = Date.now();
    const second = await failureAt(server.url);
    expect(second.failure).toBe('refused');
    expect(second.message).toContain("may not be on the supplier's allow-list");
    expect(second.retryAt).toBeGreaterThan(askedAt + 4 * MINUTE_MS);
    expect(server.connections()).toBe(1);
    await server.close();
  });

  it('is not asked again when its certificate is from nobody we know', async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((file) => readFileSync(join(folder, file)));
    const tls = createTlsServer({ key, cert }, (socket) => socket.on('error', () => undefined));
    tls.on('tlsClientError', () => undefined);
    const server = await listening(tls);
    const first = await failureAt(server.url);
    expect(first.failure).toBe('refused');
    expect(first.message).toContain('certificate');
    await failureAt(server.url);
    expect(server.connections()).toBe(1);
    await server.close();
  });

  it('is told from one that resets a connection that had worked', async () => {
    const double = await startSupplierDouble((_request, response) => void response.socket?.destroy());
    const failed = await failureAt(double.url);
    expect(failed.failure).toBe('unreachable');
    expect(double.seen.length).toBeGreaterThan(1);
    double.respond = answerJson({});
    await made.gate.callFor(connectionTo(double.url), soon())(REQUEST);
    await double.close();
  });

  it('is told from one that is down', async () => {
    const server = await listening(createTcpServer());
    await server.close();
    expect((await failureAt(server.url)).failure).toBe('unreachable');
  });

  it('rests for minutes, for twice as long each time, and for an hour at most', async () => {
    const time = virtualTime(1_700_000_000_000);
    const breaker = createBreaker(time.clock);
    const rests: number[] = [];
    for (let index = 0; index < 6; index += 1) {
      const pass = breaker.enter('double');
      if ('retryAt' in pass) throw new Error('It rests still.');
      breaker.leave(pass, 'refused at the door');
      const rest = breaker.enter('double');
      if (!('retryAt' in rest)) throw new Error('It does not rest.');
      expect(rest.isRefusedAtTheDoor).toBe(true);
      rests.push((rest.retryAt - time.clock.now()) / MINUTE_MS);
      await time.runUntil(rest.retryAt);
    }
    expect(rests).toEqual([5, 10, 20, 40, 60, 60]);
    const probe = breaker.enter('double');
    if ('retryAt' in probe) throw new Error('It rests still.');
    breaker.leave(probe, 'answered');
    expect(breaker.resting('double')).toBeNull();
  });
});
