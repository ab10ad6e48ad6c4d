import type { Lane } from '../domain/lane.ts';
import { requireScope } from './access.ts';
import type {
  CallLane,
  QueryResolvers,
  QuotaLaneResolvers,
  QuotaRemainderResolvers,
  QuotaReserveResolvers,
  QuotaStrikesResolvers,
  QuotaWindowResolvers,
  SupplierQuotaResolvers,
} from './generated.ts';
import { keyOf } from './ids.ts';

export const quotaQueries: Pick<QueryResolvers, 'supplierQuota'> = {
  supplierQuota: async (_, { supplier }, { caller, quotas }) => {
    requireScope(caller, 'internal', 'supplierQuota');
    return quotas.of(keyOf('supplier', supplier));
  },
};

export const SupplierQuota: SupplierQuotaResolvers = {
  supplier: ({ supplier }) => ({ id: supplier }),
};

export const QuotaWindow: QuotaWindowResolvers = {
  scope: ({ scope }) => (scope === 'address' ? 'ADDRESS' : 'CREDENTIAL'),
  length: ({ windowMs }) => (windowMs === 0 ? null : windowMs),
};

export const QuotaLane: QuotaLaneResolvers = {
  lane: ({ lane }) => LANE_WORDS[lane],
};

export const QuotaReserve: QuotaReserveResolvers = {
  lane: ({ lane }) => LANE_WORDS[lane],
};

export const QuotaRemainder: QuotaRemainderResolvers = {
  calls: ({ limit }) => limit,
};

export const QuotaStrikes: QuotaStrikesResolvers = {
  length: ({ windowMs }) => windowMs,
  allowed: ({ strikes }) => strikes,
  forgottenAt: ({ oldestUntil }) => oldestUntil,
};

const LANE_WORDS: Record<Lane, CallLane> = {
  checkout: 'CHECKOUT',
  interactive: 'INTERACTIVE',
  forced: 'FORCED',
  scheduled: 'SCHEDULED',
  backfill: 'BACKFILL',
};
