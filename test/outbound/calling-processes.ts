import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Limit } from '../../src/domain/profile.ts';
import type { CallingOrder } from './calling-process.ts';
import { profileWith } from './connections.ts';
import type { Arrival } from './strict-judge.ts';
import { answerJson, startSupplierDouble } from './supplier-double.ts';

/** Several gateways that call one supplier as hard as they may, and what the supplier sees of them. */
export interface CallingProcesses {
  /** Times on the clock of `performance.now`. */
  readonly arrivals: readonly (Arrival & { readonly process: string })[];
  /** What the processes logged as errors. */
  readonly errors: readonly string[];
  readonly children: readonly ChildProcess[];
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../../dist/test/outbound/calling-process.js', import.meta.url));
const NETWORK_DELAY_MS = 10;
/** Of every call, in each direction, so that calls overtake one another. */
const delay = (): Promise<void> => sleep(Math.random() * NETWORK_DELAY_MS);

/** @param limits count the call class `read` */
export async function startCallingProcesses(order: {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly limits: readonly Limit[];
  readonly processes: number;
  readonly callers: number;
  readonly callTimeoutMs: number;
  readonly networkDelayMs: number;
}): Promise<CallingProcesses> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: build with its tests first, or run "npm test".`);
  const arrivals: (Arrival & { process: string })[] = [];
  const errors: string[] = [];
  const supplier = await startSupplierDouble(async (request, response) => {
    await delay();
    const at = performance.now();
    await delay();
    const { 'x-process': process, 'x-account': account } = request.headers;
    arrivals.push({
      account: String(account),
      callClass: 'read',
      process: String(process),
      at,
      doneAt: performance.now(),
    });
    void answerJson({})(request, response);
  });
  const { limits, callTimeoutMs, networkDelayMs } = order;
  const children = Array.from({ length: order.processes }, (_, index) => {
    const calling: CallingOrder = {
      ...order,
      name: String(index),
      prefix: 'test:',
      supplierUrl: supplier.url,
      profile: profileWith({ limits, callTimeoutMs, networkDelayMs }),
      callClasses: ['read'],
      accounts: ['main'],
    };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(calling)], { stdio: ['ignore', 'ignore', 'pipe'] });
    createInterface({ input: child.stderr }).on('line', (line) => {
      // Warnings are how a Redis that is away is told of; an error, or what is no line of the log, is ours.
      if (!/^{"level":40,/.test(line)) errors.push(line);
    });
    return child;
  });
  return {
    arrivals,
    errors,
    children,
    async stop() {
      for (const child of children) child.kill('SIGKILL');
      await supplier.close();
    },
  };
}
