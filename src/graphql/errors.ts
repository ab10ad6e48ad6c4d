import { ApolloServerErrorCode } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';

export interface ErrorFormatDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** What a client sees of an error: of its own mistakes all, of a `GatewayError` its words, of anything else an id to ask about. */
export type FormatError = (error: unknown) => GraphQLFormattedError;

export function createErrorFormat(deps: ErrorFormatDeps): FormatError {
  return (error) => {
    const cause = causeOf(error);
    const place = placeOf(error);
    if (cause instanceof GatewayError && cause.code !== 'CONFIG_INVALID') {
      return { message: cause.message, ...place, extensions: gatewayExtensions(cause, deps.clock) };
    }
    const code = clientCode(error, cause);
    if (code !== null) return { message: messageOf(error), ...place, extensions: { code } };
    const errorId = deps.newId();
    deps.log.error({ err: cause, errorId, path: place.path }, 'a request failed for a reason of our own');
    return {
      message: `Something failed on our side. Try again; if it stays, report the id ${errorId}.`,
      ...place,
      extensions: { code: ApolloServerErrorCode.INTERNAL_SERVER_ERROR, errorId },
    };
  };
}

/** An error about the request itself, with the code that says whose it is. */
export function requestError(code: ApolloServerErrorCode, error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { code },
  });
}

const CLIENT_CODES = new Set<unknown>(
  Object.values(ApolloServerErrorCode).filter((code) => code !== ApolloServerErrorCode.INTERNAL_SERVER_ERROR),
);

/** The code of an error that the client made; null for one of ours. */
function clientCode(error: unknown, cause: unknown): string | null {
  // graphql-js copies `extensions` from whatever was thrown: a code counts only where no foreign error is behind it.
  if (!(error instanceof GraphQLError && cause instanceof GraphQLError)) return null;
  const { code } = error.extensions;
  if (typeof code === 'string' && CLIENT_CODES.has(code)) return code;
  return isAboutInput(cause) ? ApolloServerErrorCode.BAD_USER_INPUT : null;
}

/** graphql-js finds some wrong variables and arguments only when it runs the query, and gives these errors no code. */
function isAboutInput(error: GraphQLError): boolean {
  return /^(?:Variable "\$|Argument ")/.test(error.message);
}

function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? causeOf(error.originalError) : error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Where in the query and in the answer. */
function placeOf(error: unknown): Pick<GraphQLFormattedError, 'locations' | 'path'> {
  if (!(error instanceof GraphQLError)) return {};
  return { ...(error.locations && { locations: error.locations }), ...(error.path && { path: error.path }) };
}

function gatewayExtensions(error: GatewayError, clock: Clock): Record<string, unknown> {
  if (error.retryAt === null) return { code: error.code };
  return { code: error.code, retryAfterMs: Math.max(0, error.retryAt - clock.now()) };
}
