import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived. `at` is monotonic. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly at: number;
}

export type Respond = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

export interface SupplierDouble {
  /** Ends in `/`. */
  readonly url: string;
  readonly seen: SeenRequest[];
  respond: Respond;
  close(): Promise<void>;
}

/** A real HTTP server in a supplier's place: notes what arrives, answers as it is told. */
export async function startSupplierDouble(respond: Respond = answerJson({ ok: true })): Promise<SupplierDouble> {
  const seen: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    const at = performance.now();
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body: Buffer.concat(chunks).toString(), at };
      seen.push(request);
      void double.respond(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const double: SupplierDouble = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    seen,
    respond,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return double;
}

export function answerJson(body: unknown, status = 200, headers: Record<string, string> = {}): Respond {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}
