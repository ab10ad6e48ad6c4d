import type { SupplierConfig } from '../config.ts';
import type { ConnectedSupplier } from '../connectors/connected-supplier.ts';

/** Joins what a supplier's connector knows with what configuration says of it. */
export function connectSupplier({
  id,
  connector,
  account,
  baseUrl,
  profile,
  credential,
}: SupplierConfig): ConnectedSupplier {
  const authentication = connector.authentication(credential);
  return { id, account, connector, connection: { supplier: id, account, baseUrl, profile, authentication } };
}
