import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchSending } from '../../src/outbound/first-byte.ts';
import { startSupplierDouble, type SupplierDouble } from './supplier-double.ts';

let double: SupplierDouble;
beforeEach(async () => {
  double = await startSupplierDouble();
});
afterEach(() => double.close());

it('is told of the first byte, once, and right before it', async () => {
  let firstBytes = 0;
  const { done, sent } = watchSending({ mayStillSend: () => true, onFirstByte: () => (firstBytes += 1) }, () =>
    fetch(double.url, { method: 'POST', body: 'x' }),
  );
  expect((await done).status).toBe(200);
  expect(firstBytes).toBe(1);
  expect(sent.surelyNothing()).toBe(false);
});

it.each(['on a new connection', 'on a kept one'])('lets nothing out past its time, %s', async (which) => {
  if (which === 'on a kept one') await (await fetch(double.url)).text();
  const before = double.seen.length;
  const { done, sent } = watchSending({ mayStillSend: () => false, onFirstByte: () => undefined }, () =>
    fetch(double.url, { method: 'POST', body: 'x' }),
  );
  await expect(done).rejects.toThrow();
  expect(sent.surelyNothing()).toBe(true);
  await (await fetch(double.url)).text();
  expect(double.seen).toHaveLength(before + 1);
});

it('knows that nothing was sent where no connection came about', async () => {
  await double.close();
  const { done, sent } = watchSending({ mayStillSend: () => true, onFirstByte: () => undefined }, () =>
    fetch(double.url),
  );
  await expect(done).rejects.toThrow();
  expect(sent.surelyNothing()).toBe(true);
});
