import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServerOptions } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';

export interface SocketsDeps {
  readonly options: ServerOptions;
  readonly path: string;
  readonly isDraining: () => boolean;
  readonly log: Logger;
}

export interface Sockets {
  /** Open sockets now. */
  count(): number;
  /** Tells every client to go elsewhere (1001) and waits for them, at most `CLOSE_WITHIN_MS`. */
  close(): Promise<void>;
}

const MAX_SOCKETS = 10_000;
const MAX_MESSAGE_BYTES = 64 * 1024;
const CLOSE_WITHIN_MS = 3_000;
/** A client that does not answer a ping until the next one is gone. */
const PING_EVERY_MS = 12_000;

/** GraphQL over WebSocket (graphql-transport-ws) on the HTTP server's own port. */
export function acceptSockets(server: Server, deps: SocketsDeps): Sockets {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  // `isProd`: a failure closes the socket without the words of the error.
  const protocol = useServer({ ...deps.options, isProd: true }, sockets, PING_EVERY_MS);
  logSocketErrors(sockets, deps.log);
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', (error) => {
      deps.log.debug({ err: error }, 'a connection broke');
    });
    const refusal = refusalOf(request, sockets.clients.size, deps);
    if (refusal !== null) return stream.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket, request));
  });
  return {
    count: () => sockets.clients.size,
    async close() {
      const slow = setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
      }, CLOSE_WITHIN_MS);
      await protocol.dispose();
      clearTimeout(slow);
    },
  };
}

function refusalOf(request: IncomingMessage, open: number, deps: SocketsDeps): string | null {
  const [path] = (request.url ?? '').split('?');
  if (path !== deps.path) return '404 Not Found';
  if (isForeign(request)) return '403 Forbidden';
  return deps.isDraining() || open >= MAX_SOCKETS ? '503 Service Unavailable' : null;
}

/**
 * A page of another site that opens a socket from a browser inside the network: browsers ask nobody before they do, and always say
 * whose page it is. Programs say nothing and are let in.
 */
function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** The protocol's library prints a client's broken frames to the console; here they go to the log. `ws` itself closes the socket. */
function logSocketErrors(sockets: WebSocketServer, log: Logger): void {
  sockets.on('connection', (socket) => {
    socket.removeAllListeners('error');
    socket.on('error', (error) => {
      log.debug({ err: error }, 'a socket broke');
    });
  });
}
