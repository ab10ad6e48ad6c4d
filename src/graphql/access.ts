import { GatewayError } from '../domain/gateway-error.ts';
import type { Caller } from './context.ts';

/**
 * Stops a resolver for callers who may not see what it answers.
 * @throws GatewayError FORBIDDEN that names the scope
 */
export function requireScope(caller: Caller, scope: string, what: string): void {
  if (caller.scopes.has(scope)) return;
  throw new GatewayError('FORBIDDEN', `\`${what}\` is for callers with the scope \`${scope}\`. ${HOW_TO}`);
}

const HOW_TO = 'Callers without a name get theirs from `access.anonymous` of the configuration.';
