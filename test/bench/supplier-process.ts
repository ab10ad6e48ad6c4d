import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limit } from '../../src/domain/profile.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';

/** What the supplier's process is told on its command line, as JSON. */
export interface SupplierOrder {
  readonly limits: readonly Limit[];
  /** Each call is on its way for 0 to this long, so that calls overtake one another. */
  readonly delayAtMostMs: number;
}

/** What it says when it listens. */
export interface SupplierReady {
  /** Where its callers call; without a slash at its end. */
  readonly callUrl: string;
  readonly controlUrl: string;
}

const order = JSON.parse(process.argv[2] ?? '') as SupplierOrder;
process.once('disconnect', () => process.exit());
const sandbox = await startSandbox({ limits: order.limits, parts: 10 });
const target = new URL(sandbox.url);
const agent = new Agent({ keepAlive: true });

/** The way to the supplier. */
const network = createServer((incoming, response) => {
  void sleep(Math.random() * order.delayAtMostMs).then(() => {
    const { method, url, headers } = incoming;
    const onward = request(
      { agent, host: target.hostname, port: target.port, method, path: url, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.once('error', () => response.destroy());
    incoming.pipe(onward);
  });
});
network.keepAliveTimeout = 120_000;
network.listen(0, '127.0.0.1', () => {
  const callUrl = `http://127.0.0.1:${(network.address() as AddressInfo).port}`;
  process.send?.({ callUrl, controlUrl: sandbox.url } satisfies SupplierReady);
});
