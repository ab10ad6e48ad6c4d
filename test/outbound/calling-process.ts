import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../src/domain/clock.ts';
import { LANES } from '../../src/domain/lane.ts';
import type { Profile } from '../../src/domain/profile.ts';
import { createBudget } from '../../src/outbound/budget.ts';
import { createGate } from '../../src/outbound/gate.ts';
import { CallFailed } from '../../src/outbound/supplier-call.ts';
import { redisBudgetLog } from '../../src/redis/budget-log.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { redisTokenShelf } from '../../src/redis/token-shelf.ts';
import { callLedger } from '../../src/store/calls.ts';
import { openDatabase } from '../../src/store/database.ts';

/** What a process of the proof is told on its command line, as JSON. */
export interface CallingOrder {
  readonly name: string;
  readonly redisUrl: string;
  readonly prefix: string;
  readonly databaseUrl: string;
  readonly supplierUrl: string;
  readonly profile: Profile;
  readonly callClasses: readonly string[];
  readonly accounts: readonly string[];
  readonly callers: number;
}

/** One of several gateways that call one supplier as hard as they may, until they are killed. */
const order = JSON.parse(process.argv[2] ?? '') as CallingOrder;
const log = pino({ level: 'warn' }, pino.destination(2));
const redis = connectRedis(order.redisUrl, log);
const db = openDatabase({ url: order.databaseUrl, poolSize: 4 });
const ledger = callLedger(db);
const sources = {
  clock: systemClock,
  monotonic: () => performance.now(),
  random: Math.random,
  newId: () => randomUUID(),
  log,
};
const budget = createBudget({ budgetLog: redisBudgetLog(redis, order.prefix), ledger, ...sources });
const gate = createGate({ budget, ledger, shelf: redisTokenShelf(redis, order.prefix), ...sources });

async function callForEver(index: number): Promise<never> {
  const lane = LANES[index % LANES.length] ?? 'backfill';
  const callClass = order.callClasses[index % order.callClasses.length] ?? '';
  const connection = {
    supplier: 'double',
    account: order.accounts[index % order.accounts.length] ?? '',
    baseUrl: order.supplierUrl,
    profile: order.profile,
    authentication: { kind: 'header', header: 'x-api-key', prefix: '', secret: () => 'key' },
  } as const;
  const headers = { 'x-process': order.name, 'x-account': connection.account };
  for (;;) {
    const call = gate.callFor(connection, { lane, deadline: Date.now() + 20_000 });
    try {
      await call({ callClass, method: 'GET', path: callClass, headers, expects: 'json' });
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (error.failure === 'limited') log.error({ reason: error.message }, 'limited');
      await sleep(20);
    }
  }
}

await Promise.all(Array.from({ length: order.callers }, (_, index) => callForEver(index)));
