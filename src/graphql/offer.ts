import { freshnessWish } from './arguments.ts';
import type { OfferResolvers } from './generated.ts';
import { globalId } from './ids.ts';

export const Offer: OfferResolvers = {
  id: (offer) => globalId('offer', offer.id),
  supplier: (offer) => ({ id: offer.supplier }),
  part: (offer, _, { reads }) => (offer.partId === null ? null : reads.part(offer.partId)),
  stock: (offer, { freshness }, { reads }) => reads.offerStock(offer, freshnessWish(freshness)),
};
