import type { FeedItem } from '../inventory/change-feed.ts';
import { changeFilter, pageLength } from './arguments.ts';
import { changeCursor, positionOfCursor } from './cursors.ts';
import type {
  QueryResolvers,
  StockChangeResolvers,
  StockEventResolvers,
  StockGapResolvers,
  SubscriptionResolvers,
} from './generated.ts';
import { mapSource } from './map-source.ts';

export const changeQueries: Pick<QueryResolvers, 'stockChanges'> = {
  stockChanges: async (_, { first, after, filter }, { changes, counted }) => {
    const page = await changes.page(positionOfCursor(after), pageLength(first), changeFilter(filter));
    return {
      changes: [...counted(page.changes)],
      gap: page.gap,
      endCursor: changeCursor(page.endPosition),
      hasNextPage: page.hasMore,
    };
  },
};

export const changeSubscriptions: Pick<SubscriptionResolvers, 'stockChanged'> = {
  stockChanged: {
    subscribe: (_, { filter, after }, context) =>
      mapSource(context.changes.follow(positionOfCursor(after), changeFilter(filter)), (item: FeedItem) => {
        context.renewReads();
        return { stockChanged: 'gap' in item ? item.gap : item.change };
      }),
  },
};

export const StockEvent: StockEventResolvers = {
  __resolveType: (event) => ('resumeAfter' in event ? 'StockGap' : 'StockChange'),
};

export const StockChange: StockChangeResolvers = {
  cursor: (change) => changeCursor(change.position),
  part: (change, _, { reads }) => (change.partId === null ? null : reads.part(change.partId)),
  offer: (change, _, { reads }) => reads.offer(change.offerId),
  supplier: (change) => ({ id: change.supplier }),
};

export const StockGap: StockGapResolvers = {
  resumeAfter: (gap) => changeCursor(gap.resumeAfter),
  message: () =>
    'Changes behind your cursor are no longer kept. Read the parts you care about anew, then go on behind `resumeAfter`.',
};
