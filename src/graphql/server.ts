import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerErrorCode } from '@apollo/server/errors';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, OperationTypeNode } from 'graphql';
import type { ServerOptions } from 'graphql-ws';
import type { Clock } from '../domain/clock.ts';
import { anonymousCaller, createContext, type ContextDeps, type RequestContext } from './context.ts';
import { createErrorFormat } from './errors.ts';
import { limitRules, parseOptions, QUERY_LIMITS } from './limits.ts';
import { createSchema } from './schema.ts';
import type { CountOperation } from './operation-count.ts';
import { createSocketOptions } from './socket.ts';

export interface GraphqlDeps extends ContextDeps {
  readonly clock: Clock;
  /** What callers without a name may see, over HTTP and WebSocket alike. */
  readonly anonymousScopes: readonly string[];
  /** Unguessable and new each time: the id under which a failure is logged. */
  readonly newId: () => string;
  /** Told of every operation once, for counting. */
  readonly onOperation?: CountOperation;
}

export interface Graphql {
  /** Answers HTTP; not started. */
  readonly apollo: ApolloServer<RequestContext>;
  /** Answers WebSocket: options of graphql-ws. */
  readonly socket: ServerOptions;
  /** Made anew for each operation. */
  readonly contextFor: () => RequestContext;
}

/** The public contract, ready to be put behind a front. */
export function createGraphql(deps: GraphqlDeps): Graphql {
  const schema = createSchema();
  const formatError = createErrorFormat(deps);
  const anonymous = anonymousCaller(deps.anonymousScopes);
  const contextFor = (): RequestContext => createContext(deps, anonymous);
  const onOperation = deps.onOperation ?? (() => undefined);
  const apollo = new ApolloServer<RequestContext>({
    schema,
    parseOptions,
    validationRules: [...limitRules],
    validationOptions: { maxErrors: QUERY_LIMITS.errors },
    formatError: (_formatted, error) => formatError(error),
    logger: deps.log,
    introspection: true,
    csrfPrevention: true,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      subscriptionsGoOverSocket,
      countOperations(onOperation),
    ],
  });
  return { apollo, socket: createSocketOptions({ schema, contextFor, formatError, onOperation }), contextFor };
}

/** Without it a subscription sent by POST would be run as a query and fail for a reason that helps nobody. */
const subscriptionsGoOverSocket: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation({ operation }) {
        if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return Promise.resolve();
        throw new GraphQLError('Subscriptions are served over WebSocket (graphql-transport-ws) at this same address.', {
          extensions: { code: ApolloServerErrorCode.BAD_REQUEST, http: { status: 400 } },
        });
      },
    }),
};

function countOperations(count: CountOperation): ApolloServerPlugin<RequestContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse({ operation, errors }) {
          count(operation?.operation ?? 'unreadable', errors?.length ? 'errors' : 'ok');
          return Promise.resolve();
        },
      }),
  };
}
