import { GatewayError } from '../domain/gateway-error.ts';
import type { Connector } from './connector.ts';
import { sandbox } from './sandbox/sandbox.ts';
import { turn14 } from './turn14/turn14.ts';

/** Every connector, under the name of its folder. */
export const connectors = { sandbox, turn14 } as const satisfies Record<string, Connector>;

export type ConnectorName = keyof typeof connectors;

/** @throws GatewayError CONFIG_INVALID, with the names there are */
export function connectorNamed(name: string): Connector {
  if (Object.hasOwn(connectors, name)) return connectors[name as ConnectorName];
  throw new GatewayError(
    'CONFIG_INVALID',
    `There is no connector "${name}". Known are: ${Object.keys(connectors).sort().join(', ')}.`,
  );
}
