import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { createHandClock } from '../../sandbox/hand-clock.ts';

/** One answer as the contract suite replays it, by the name of its file. */
export interface Recorded {
  readonly request: RecordedRequest;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface RecordedRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly json?: { readonly ids: readonly string[] };
}

const SINCE = '2026-03-01T12:30:00.000Z';

/** What a small sandbox answers to everything the connector asks, an hour and some changes after its start. */
export async function recordAnswers(): Promise<Record<string, Recorded>> {
  const clock = createHandClock(Date.parse('2026-03-01T12:00:00Z'));
  const sandbox = await startSandbox({ parts: 16, pageSize: 10, seed: 7, limits: [], clock });
  clock.turn(3_600_000);
  QUANTITIES.forEach((quantity, index) => {
    const id = `${String(index + 1).padStart(6, '0')}${index % 7 === 3 ? 'G' : ''}`;
    sandbox.control.setStock(id, 'BHM', quantity);
  });
  sandbox.control.setPrices('000001', { retail: '$1,099.99', cost: 379.6715616438356, map: '0.00', core: null });
  sandbox.control.setCatalog('000014', { discontinued: true, title: 'NLA USE TKC853' });
  const ask = (request: RecordedRequest): Promise<Recorded> => answerTo(sandbox.url, request);

  const recorded: Record<string, Recorded> = {};
  for (const list of ['catalog', 'stock', 'prices'] as const) {
    const path = `v1/${list}`;
    recorded[`${list}-full-page-1`] = await ask({ path, query: { page: 1 } });
    recorded[`${list}-full-last`] = await ask({ path, query: { page: 2 } });
    recorded[`${list}-delta`] = await ask({ path, query: { page: 1, changed_since: SINCE } });
  }
  const { as_of } = (recorded['stock-delta']?.body as { readonly meta: { readonly as_of: string } }).meta;
  recorded['stock-delta-last'] = await ask({ path: 'v1/stock', query: { page: 2, changed_since: SINCE, as_of } });
  const byIds = (ids: readonly string[]): Promise<Recorded> => ask({ path: 'v1/stock/by-ids', json: { ids } });
  recorded['stock-by-ids'] = await byIds(['000001', '000004G', '000007']);
  recorded['stock-by-ids-one-unknown'] = await byIds(['000002', '4']);
  recorded['stock-by-ids-all-unknown'] = await byIds(['14E4289']);
  sandbox.control.addFault({ kind: 'html200', count: 1 });
  recorded['quirk-html-with-200'] = await byIds(['000016']);
  await sandbox.stop();
  return recorded;
}

/** Each form that a quantity comes in; one for each of the first parts. */
const QUANTITIES = [5, '5', '25+', '', null, -3, 0, '0', '-1', 4516, '100', '000000003'];

async function answerTo(url: string, request: RecordedRequest): Promise<Recorded> {
  const { path, query = {}, json } = request;
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const response = await fetch(`${url}/${path}?${search.toString()}`, {
    headers: { 'x-api-key': 'sandbox-key' },
    ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
  });
  const text = await response.text();
  const contentType = response.headers.get('content-type') ?? '';
  return {
    request,
    status: response.status,
    headers: { 'content-type': contentType, date: response.headers.get('date') ?? '' },
    body: contentType === 'application/json' ? (JSON.parse(text) as unknown) : text,
  };
}
