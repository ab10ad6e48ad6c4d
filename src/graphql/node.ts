import type { RequestContext } from './context.ts';
import type { NodeResolvers, QueryResolvers, ResolversParentTypes } from './generated.ts';
import { kindAndKeyOf, type IdKind } from './ids.ts';

type AnyNode = ResolversParentTypes['Node'];

export const nodeQueries: Pick<QueryResolvers, 'node'> = {
  node: async (_, { id }, context) => {
    const { kind, key } = kindAndKeyOf(id);
    return READ_NODE[kind](key, context);
  },
};

export const Node: NodeResolvers = {
  __resolveType: (node) => {
    if ('offers' in node) return 'Part';
    if ('supplierPartNumber' in node) return 'Offer';
    return 'results' in node ? 'RefreshJob' : 'Supplier';
  },
};

const READ_NODE: Record<IdKind, (key: string, context: RequestContext) => Promise<AnyNode | null> | AnyNode | null> = {
  part: (key, { reads }) => reads.part(key),
  offer: (key, { reads }) => reads.offer(key),
  supplier: (key, { suppliers }) => (suppliers.includes(key) ? { id: key } : null),
  job: (key, { jobs }) => jobs.job(key),
};
