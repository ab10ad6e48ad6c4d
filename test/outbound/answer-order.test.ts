import { expect, it } from 'vitest';
import type { SupplierAnswer } from '../../src/outbound/supplier-call.ts';
import { connectionTo } from './connections.ts';
import { gateUnderTest, soon } from './gate-under-test.ts';
import { startSupplierDouble } from './supplier-double.ts';

it('puts two answers in the order in which they were asked for, whatever their whole-second dates less the waits say', async () => {
  const dates = ['Tue, 24 Nov 2026 12:00:01 GMT', 'Tue, 24 Nov 2026 12:00:00 GMT'];
  const double = await startSupplierDouble((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', date: dates.shift() }).end('{}');
  });
  const { gate, close } = await gateUnderTest();
  const call = (): Promise<SupplierAnswer> =>
    gate.callFor(connectionTo(double.url), soon())({ callClass: 'read', method: 'GET', path: 'x', expects: 'json' });
  const first = await call();
  const second = await call();
  expect(second.sentAtSupplier).toBeLessThan(first.sentAtSupplier);
  expect(second.askedAt).toBeGreaterThan(first.askedAt);
  await close();
  await double.close();
});
