import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export const IDE_PATH = '/ide/';

/** The query editor, bundled by the build: a browser needs nothing but the gateway. */
export async function addIdeRoutes(app: FastifyInstance, folder: string): Promise<void> {
  app.get('/', (_request, reply) => reply.redirect(IDE_PATH));
  if (!existsSync(join(folder, 'index.html'))) {
    app.get(IDE_PATH, (_request, reply) => asPage(reply).send(NOT_BUILT));
    return;
  }
  app.get(IDE_PATH.slice(0, -1), (_request, reply) => reply.redirect(IDE_PATH));
  await app.register(fastifyStatic, {
    root: folder,
    prefix: IDE_PATH,
    setHeaders: (response) => {
      for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    },
  });
}

/** True for a browser that was pointed at the endpoint by its address bar. */
export function wantsIde(request: FastifyRequest): boolean {
  const isBrowser = request.headers.accept?.includes('text/html') ?? false;
  return request.method === 'GET' && isBrowser && !/[?&]query=/.test(request.url);
}

const PAGE_HEADERS = { 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' };

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Parts gateway</title>
<p>The query editor is not built. Run <code>npm run build</code> and start again.</p></html>
`;

function asPage(reply: FastifyReply): FastifyReply {
  return reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8');
}
