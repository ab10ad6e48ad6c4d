import { offerId, partId } from '../domain/identity.ts';
import type { Part as StoredPart } from '../domain/part.ts';
import { boundedList, freshnessWish, numberStart, pageLength } from './arguments.ts';
import type { RequestContext } from './context.ts';
import { cursorOf, placeOfCursor } from './cursors.ts';
import type { PartBy, PartResolvers, QueryPartsArgs, QueryResolvers } from './generated.ts';
import { globalId, keyOf } from './ids.ts';

export const partQueries: Pick<QueryResolvers, 'part' | 'partsBy' | 'parts'> = {
  part: (_, { by }, context) => findPart(by, context),
  // A list of promises: one name that is wrong fails its own place, not the list.
  partsBy: (_, { by }, context) => context.counted(boundedList('by', by)).map((each) => findPart(each, context)),
  parts: async (_, wish, context) => {
    const { parts, hasNextPage } = await readPage(wish, context);
    const edges = context.counted(parts).map(({ part, cursor }) => ({ node: part, cursor: cursorOf('parts', cursor) }));
    return {
      edges,
      nodes: edges.map((edge) => edge.node),
      pageInfo: {
        hasNextPage,
        // A cursor was taken from a part, and that part is before this page.
        hasPreviousPage: typeof wish.after === 'string',
        startCursor: edges.at(0)?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      },
    };
  },
};

export const Part: PartResolvers = {
  id: (part) => globalId('part', part.id),
  offers: (part, _, { counted }) => [...counted(part.offers)],
  availability: (part, { freshness }, { reads }) => reads.availability(part, freshnessWish(freshness)),
};

/**
 * The part that a client names; null where the gateway does not know it.
 * @throws GatewayError BAD_USER_INPUT where an id in it is malformed
 */
export async function findPart(by: PartBy, { reads }: RequestContext): Promise<StoredPart | null> {
  if (by.id !== undefined) return reads.part(keyOf('part', by.id));
  if (by.brandPart !== undefined) return reads.part(partId(by.brandPart.brand, by.brandPart.partNumber));
  const { supplier, supplierPartNumber } = by.supplierPart;
  const offer = await reads.offer(offerId(keyOf('supplier', supplier), supplierPartNumber));
  return offer === null || offer.partId === null ? null : reads.part(offer.partId);
}

async function readPage({ first, after, filter }: QueryPartsArgs, { reads }: RequestContext) {
  return reads.partsPage({
    first: pageLength(first),
    after: placeOfCursor('parts', after),
    brand: filter?.brand ?? null,
    numberStartsWith: numberStart(filter),
  });
}
