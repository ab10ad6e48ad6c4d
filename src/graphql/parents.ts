import type { SupplierId } from '../domain/identity.ts';
import type { RefreshJobView } from '../inventory/refresh-jobs.ts';

/** What resolvers hold as the parent of a type's fields, where no type of another room fits. */
export interface SupplierParent {
  readonly id: SupplierId;
}

export type RefreshResultParent = RefreshJobView['results'][number];
