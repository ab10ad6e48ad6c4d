import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { changeQueries, changeSubscriptions, StockChange, StockEvent, StockGap } from './changes.ts';
import type { RequestContext } from './context.ts';
import type { Resolvers } from './generated.ts';
import { Node, nodeQueries } from './node.ts';
import { Offer } from './offer.ts';
import { Part, partQueries } from './part.ts';
import {
  quotaQueries,
  QuotaLane,
  QuotaRemainder,
  QuotaReserve,
  QuotaStrikes,
  QuotaWindow,
  SupplierQuota,
} from './quota.ts';
import { refreshMutations, refreshQueries, refreshSubscriptions, RefreshJob, RefreshResult } from './refresh.ts';
import { addScalars } from './scalars.ts';
import { Availability, ChangedQuantity, Freshness, OfferStock, StockLevel } from './stock.ts';
import { Supplier, supplierQueries } from './supplier.ts';

/** The public contract; the build copies it beside its own sources. */
const CONTRACT = new URL('../../schema.graphql', import.meta.url);

/** The contract with its resolvers. A resolver that the contract does not know stops the start. */
export function createSchema(): GraphQLSchema {
  const schema = makeExecutableSchema<RequestContext>({
    typeDefs: readFileSync(CONTRACT, 'utf8'),
    resolvers,
    resolverValidationOptions: {
      requireResolversToMatchSchema: 'error',
      requireResolversForResolveType: 'error',
    },
  });
  addScalars(schema);
  return schema;
}

const resolvers: Resolvers = {
  Query: { ...nodeQueries, ...partQueries, ...refreshQueries, ...supplierQueries, ...quotaQueries, ...changeQueries },
  Mutation: refreshMutations,
  Subscription: { ...changeSubscriptions, ...refreshSubscriptions },
  Node,
  Part,
  Offer,
  OfferStock,
  StockLevel,
  Availability,
  Freshness,
  Supplier,
  SupplierQuota,
  QuotaWindow,
  QuotaReserve,
  QuotaRemainder,
  QuotaLane,
  QuotaStrikes,
  StockEvent,
  StockChange,
  ChangedQuantity,
  StockGap,
  RefreshJob,
  RefreshResult,
};
