import type { ApolloServer, BaseContext } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ServerOptions } from 'graphql-ws';
import type { Logger } from 'pino';
import { addHealthRoutes, type HealthCheck } from './http/health.ts';
import { addIdeRoutes, IDE_PATH, wantsIde } from './http/ide.ts';
import { acceptSockets } from './http/sockets.ts';

export interface HttpDeps<C extends BaseContext> {
  /** Not started. */
  readonly apollo: ApolloServer<C>;
  /** Made anew for each operation over HTTP. */
  readonly contextFor: () => C;
  /** Answers operations over WebSocket. */
  readonly socket: ServerOptions;
  /** Where the build put the query editor. */
  readonly ideFolder: string;
  readonly checks: readonly HealthCheck[];
  /** A prom-client registry, or what looks like one. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  readonly log: Logger;
}

export interface Http {
  readonly app: FastifyInstance;
  /** @returns where it listens, as a URL without a path */
  listen(host: string, port: number): Promise<string>;
  /** Open WebSockets now. */
  socketCount(): number;
  /** Not ready any more; sockets are told to go elsewhere; requests in flight are answered, at most `DRAIN_WITHIN_MS`; closed. */
  close(): Promise<void>;
}

const GRAPHQL_PATH = '/graphql';

const MAX_BODY_BYTES = 256 * 1024;
/** From the first byte of a request to its last; an answer may take longer. */
const REQUEST_WITHIN_MS = 15_000;
const DRAIN_WITHIN_MS = 10_000;
const ROUTES = `POST or GET ${GRAPHQL_PATH}, GET ${IDE_PATH}, /health/live, /health/ready, /metrics`;

/** The front: one process, one port. */
export async function createHttp<C extends BaseContext>(deps: HttpDeps<C>): Promise<Http> {
  let isDraining = false;
  await deps.apollo.start();
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_WITHIN_MS,
    forceCloseConnections: 'idle',
  });
  addAnswersForAll(app, deps.log);
  addGraphqlRoute(app, deps);
  await addIdeRoutes(app, deps.ideFolder);
  addHealthRoutes(app, { checks: deps.checks, isDraining: () => isDraining, log: deps.log });
  app.get('/metrics', async (_request, reply) =>
    reply.type(deps.metrics.contentType).send(await deps.metrics.metrics()),
  );
  await app.ready();
  const sockets = acceptSockets(app.server, {
    options: deps.socket,
    path: GRAPHQL_PATH,
    isDraining: () => isDraining,
    log: deps.log,
  });
  const close = async (): Promise<void> => {
    isDraining = true;
    await sockets.close();
    await closeWithin(app, DRAIN_WITHIN_MS);
    await deps.apollo.stop();
  };
  let closing: Promise<void> | null = null;
  return {
    app,
    listen: (host, port) => app.listen({ host, port }),
    socketCount: () => sockets.count(),
    close: () => (closing ??= close()),
  };
}

function addGraphqlRoute<C extends BaseContext>(app: FastifyInstance, deps: HttpDeps<C>): void {
  app.route({
    // Methods that GraphQL has no use for are routed too, so that they get Apollo's 405 and not a 404.
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: GRAPHQL_PATH,
    onRequest: async (request, reply) => (wantsIde(request) ? reply.redirect(IDE_PATH) : undefined),
    handler: fastifyApolloHandler(deps.apollo, { context: () => Promise.resolve(deps.contextFor()) }),
  });
}

function addAnswersForAll(app: FastifyInstance, log: Logger): void {
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('x-content-type-options', 'nosniff');
  });
  app.setNotFoundHandler((_request, reply) => sendError(reply, 404, `There is nothing here. Routes: ${ROUTES}.`));
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply, log));
}

/** Bodies that cannot be read: too large, no JSON, another type. What fails on our side is told by its status alone. */
function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  const status = error.statusCode ?? 500;
  if (status < 500) return sendError(reply, status, error.message);
  log.error(
    { err: error, method: request.method, route: request.routeOptions.url },
    'a request failed for a reason of our own',
  );
  return sendError(reply, 500, 'Something failed on our side. Try again.');
}

/** In the shape of GraphQL's errors, which every client of ours can read. */
function sendError(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ errors: [{ message }] });
}

/** Requests in flight are waited for; what has not ended by then is cut off. */
async function closeWithin(app: FastifyInstance, ms: number): Promise<void> {
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
  }, ms);
  await app.close();
  clearTimeout(timer);
}
