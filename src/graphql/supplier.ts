import type { QueryResolvers, SupplierResolvers } from './generated.ts';
import { globalId } from './ids.ts';

export const supplierQueries: Pick<QueryResolvers, 'suppliers'> = {
  suppliers: (_, __, { suppliers }) => suppliers.map((id) => ({ id })),
};

export const Supplier: SupplierResolvers = {
  id: (supplier) => globalId('supplier', supplier.id),
  name: (supplier) => supplier.id,
};
