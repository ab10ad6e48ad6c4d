import { ApolloServerErrorCode as Code } from '@apollo/server/errors';
import { getOperationAST, GraphQLError, parse, specifiedRules, validate } from 'graphql';
import type { DocumentNode, ExecutionArgs, GraphQLSchema } from 'graphql';
import type { ServerOptions, SubscribePayload } from 'graphql-ws';
import type { RequestContext } from './context.ts';
import { requestError, type FormatError } from './errors.ts';
import type { CountOperation } from './operation-count.ts';
import { limitRules, parseOptions, QUERY_LIMITS } from './limits.ts';

export interface SocketDeps {
  readonly schema: GraphQLSchema;
  readonly contextFor: () => RequestContext;
  readonly formatError: FormatError;
  readonly onOperation: CountOperation;
}

const MAX_OPERATIONS_A_SOCKET = 100;
const INIT_WAIT_MS = 3_000;

/** Operations over graphql-transport-ws: limited and answered as over HTTP. The protocol's library alone knows neither. */
export function createSocketOptions(deps: SocketDeps): ServerOptions {
  return {
    connectionInitWaitTimeout: INIT_WAIT_MS,
    onSubscribe: (socket, _id, payload) => {
      const isOver = Object.keys(socket.subscriptions).length > MAX_OPERATIONS_A_SOCKET;
      const prepared = isOver ? [TOO_MANY_OPERATIONS] : prepare(deps, payload);
      if (Array.isArray(prepared)) deps.onOperation('unreadable', 'errors');
      return prepared;
    },
    onOperation: (_socket, _id, _payload, { document, operationName }, result) => {
      const operation = getOperationAST(document, operationName)?.operation ?? 'unreadable';
      deps.onOperation(operation, 'errors' in result ? 'errors' : 'ok');
    },
    // Nothing returned: the result is sent as it is.
    onNext: (_socket, _id, _payload, _args, { data, errors }) =>
      errors && { ...(data !== undefined && { data }), errors: errors.map(deps.formatError) },
    onError: (_socket, _id, _payload, errors) => errors.map(deps.formatError),
  };
}

/** An error thrown from here would close the socket with its message: all are returned, to be formatted by `onError`. */
function prepare(deps: SocketDeps, payload: SubscribePayload): ExecutionArgs | GraphQLError[] {
  try {
    const document = parse(payload.query, parseOptions);
    const errors = validate(deps.schema, document, RULES, { maxErrors: QUERY_LIMITS.errors });
    if (errors.length > 0) return errors.map((error) => requestError(Code.GRAPHQL_VALIDATION_FAILED, error));
    return getOperationAST(document, payload.operationName)
      ? executionArgs(deps, document, payload)
      : [requestError(Code.OPERATION_RESOLUTION_FAILURE, NO_OPERATION)];
  } catch (error) {
    return [error instanceof GraphQLError ? requestError(Code.GRAPHQL_PARSE_FAILED, error) : ours(error)];
  }
}

function executionArgs(deps: SocketDeps, document: DocumentNode, payload: SubscribePayload): ExecutionArgs {
  return {
    schema: deps.schema,
    document,
    operationName: payload.operationName ?? null,
    variableValues: payload.variables ?? null,
    contextValue: deps.contextFor(),
  };
}

const RULES = [...specifiedRules, ...limitRules];

const NO_OPERATION = new GraphQLError('Say which of the operations to run: `operationName` names none of them.');

const TOO_MANY_OPERATIONS = requestError(
  Code.BAD_REQUEST,
  new GraphQLError(`At most ${MAX_OPERATIONS_A_SOCKET} operations run over one socket; complete one or open another.`),
);

function ours(error: unknown): GraphQLError {
  return new GraphQLError('internal', { originalError: error instanceof Error ? error : new Error(String(error)) });
}
