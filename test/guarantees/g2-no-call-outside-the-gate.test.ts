import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SupplierRequest } from '../../src/outbound/supplier-call.ts';
import { connectionTo, profileWith } from '../outbound/connections.ts';
import { gateUnderTest, soon, type GateUnderTest } from '../outbound/gate-under-test.ts';
import { answerJson, startSupplierDouble, type SupplierDouble } from '../outbound/supplier-double.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const GATE = 'outbound/gate.ts';
const CLIENTS = ['ky', 'undici', 'axios', 'got', 'node-fetch', 'cross-fetch', 'superagent', 'needle', 'request'];
const CONNECTIONS = ['http', 'https', 'http2', 'net', 'tls', 'dgram'];

interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every way to open a connection from our own code, except what the gate does and what the sandbox listens with. */
function waysOut(sources: readonly Source[]): string[] {
  const named = `'(?:node:)?(${[...CONNECTIONS, ...CLIENTS].join('|')})(?:/[^']*)?'`;
  const imports = new RegExp(
    `(?:import|export)\\s+(?!type\\b)(?:[^;'"]*?from\\s+)?${named}|(?:import|require)\\(\\s*${named}\\s*\\)`,
    'g',
  );
  const calls =
    /(?<![.\w])(?:globalThis\.|global\.)?(?:fetch\b(?!\s*:)|new\s+(?:WebSocket|EventSource|XMLHttpRequest)\b)/g;
  return sources.flatMap(({ path, text }) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|`(?:[^`\\]|\\.)*`|'(?:undici:)[^']*'/g, '');
    return [...code.matchAll(imports), ...code.matchAll(calls)]
      .map((match) => match[0].trim())
      .filter((way) => !(path === GATE && way === "import ky from 'ky'"))
      .filter((way) => !(path.startsWith('sandbox/') && /^import \{ createServer,?[^}]*\} from 'node:http'$/.test(way)))
      .map((way) => `${path}: ${way}`);
  });
}

describe('the sources', () => {
  it('open no connection but in the gate', () => {
    expect(waysOut(serverSources())).toEqual([]);
  });

  it.each([
    "import ky from 'ky';",
    "import { request } from 'node:https';",
    "import * as net from 'node:net';",
    "import 'undici';",
    "export { get } from 'http';",
    "const { request } = await import('undici');",
    "const http = require('http');",
    'await fetch(url);',
    'const send = globalThis.fetch;',
    "new WebSocket('wss://supplier');",
    "import { createServer, request } from 'node:http';",
  ])('would be caught with: %s', (line) => {
    expect(waysOut([{ path: 'connectors/turn14/turn14.ts', text: line }])).toHaveLength(1);
  });

  it('are free to name types and to speak of fetching', () => {
    const text =
      "import type { Socket } from 'node:net';\n// fetch(it)\nconst fetches = prefetch(1);\ncache.fetch(key);";
    expect(waysOut([{ path: 'http/sockets.ts', text }])).toEqual([]);
  });

  it('have one HTTP client among their packages', () => {
    const { dependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(CLIENTS.filter((client) => client in dependencies)).toEqual(['ky']);
  });
});

describe('a supplier', () => {
  let supplier: SupplierDouble;
  let made: GateUnderTest;
  let missingRows: string[];

  beforeEach(async () => {
    made = await gateUnderTest();
    missingRows = [];
    supplier = await startSupplierDouble();
  });
  afterEach(async () => {
    await made.close();
    await supplier.close();
  });

  const rows = async (): Promise<number> =>
    Number(((await made.db.knex('supplier_calls').count({ n: '*' })) as { n: number }[])[0]?.n);

  it('sees no call that was not in the ledger before: tokens, retries, pages and failures included', async () => {
    let readings = 0;
    supplier.respond = async (request, response) => {
      if ((await rows()) < supplier.seen.length) missingRows.push(request.url);
      if (request.url === '/token') return answerJson({ access_token: 'token', expires_in: 3_600 })(request, response);
      readings += 1;
      switch (request.url) {
        case '/expired':
          return answerJson({}, readings === 1 ? 401 : 200)(request, response);
        case '/shaky':
          return answerJson({}, readings % 2 === 1 ? 502 : 200)(request, response);
        case '/moved':
          return void response.writeHead(302, { location: '/elsewhere' }).end();
        case '/reset':
          return void response.socket?.resetAndDestroy();
        case '/silent':
          return;
        case '/limited':
          return answerJson({}, 429)(request, response);
        default:
          return answerJson({ next: `${supplier.url}page/2` })(request, response);
      }
    };
    const connection = connectionTo(supplier.url, {
      profile: profileWith({ callTimeoutMs: 500 }),
      authentication: {
        kind: 'clientCredentials',
        tokenPath: 'token',
        callClass: 'token',
        sentAs: 'json',
        clientId: () => 'id',
        clientSecret: () => 'secret',
      },
    });
    const call = made.gate.callFor(connection, soon());
    const ask = (path: string): SupplierRequest => ({ callClass: 'read', method: 'GET', path, expects: 'json' });
    const paths = ['expired', 'page/1', `${supplier.url}page/2`, 'shaky', 'moved', 'reset', 'silent', 'limited'];
    for (const path of paths) await call(ask(path)).catch(() => undefined);
    await made.gate.drain();
    expect(missingRows).toEqual([]);
    expect(supplier.seen.length).toBeGreaterThan(paths.length + 2);
    expect(supplier.seen.some(({ url }) => url === '/elsewhere')).toBe(false);
    expect(await rows()).toBe(supplier.seen.length);
  });
});

/** What runs in our processes; the pages of src/ide and src/console run in a browser. */
function serverSources(): Source[] {
  const folder = join(PROJECT, 'src');
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !/^(?:ide|console)\//.test(path))
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));
}
