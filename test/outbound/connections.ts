import { pino } from 'pino';
import type { Limit, Profile } from '../../src/domain/profile.ts';
import type { SupplierConnection } from '../../src/outbound/supplier-call.ts';

export const silentLog = pino({ level: 'silent' });

export function profileWith(changed: Partial<Profile> = {}): Profile {
  return {
    limits: [limitOf('second', [{ limit: 1_000, windowMs: 1_000 }])],
    penalties: [],
    share: 1,
    callTimeoutMs: 2_000,
    networkDelayMs: 500,
    bulkStockKeys: null,
    freshForSeconds: 60,
    expireAfterSeconds: 600,
    schedules: {},
    maxPagesPerRun: 10,
    maxBodyBytes: 100_000,
    keptBack: {},
    ...changed,
  };
}

/** Counts every call with one credential. */
export function limitOf(name: string, windows: Limit['windows']): Limit {
  return { name, scope: 'credential', counts: 'all', windows, source: 'the test' };
}

export function connectionTo(baseUrl: string, changed: Partial<SupplierConnection> = {}): SupplierConnection {
  return {
    supplier: 'double',
    account: 'main',
    baseUrl,
    profile: profileWith(),
    authentication: { kind: 'header', header: 'x-api-key', prefix: '', secret: () => 'canary-secret' },
    ...changed,
  };
}
