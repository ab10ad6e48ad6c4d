import type { SupplierId } from '../domain/identity.ts';
import type { SupplierConnection } from '../outbound/supplier-call.ts';
import type { Connector } from './connector.ts';

/** A supplier as configured: which connector speaks to it, and how the gate reaches it. */
export interface ConnectedSupplier {
  readonly id: SupplierId;
  /** Whose credential and whose prices. */
  readonly account: string;
  readonly connector: Connector;
  /** Its `profile` is the connector's merged with configuration: the one to go by. */
  readonly connection: SupplierConnection;
}
