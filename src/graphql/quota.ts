import { GatewayError } from '../domain/gateway-error.ts';
import type { Lane } from '../domain/lane.ts';
import { errorCode } from '../store/database.ts';
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
  supplierQuota: async (_, { supplier: id }, { caller, quotas, log }) => {
    requireScope(caller, 'internal', 'supplierQuota');
    const supplier = keyOf('supplier', id);
    try {
      return await quotas.of(supplier);
    } catch (error) {
      log.warn({ supplier, code: errorCode(error) }, 'quota not read');
      throw new GatewayError(
        'STORE_UNAVAILABLE',
        `The place where calls to ${supplier} are counted cannot be reached, so no call is made and nothing is known of its limits. Try again.`,
      );
    }
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
