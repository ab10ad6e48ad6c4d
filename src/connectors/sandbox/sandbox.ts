import type { CallClass } from '../../domain/profile.ts';
import type { Observation, Rejection, StockObservation } from '../../domain/observation.ts';
import type { SupplierPartNumber } from '../../domain/identity.ts';
import { CallFailed, type SupplierAnswer, type SupplierRequest } from '../../outbound/supplier-call.ts';
import type { Answered, Asker, Connector, FeedReader, Page, PageAsk, StockAsk } from '../connector.ts';
import { readOrFail, sorted, unusable } from '../reading.ts';
import { profile } from './profile.ts';
import { reject, toCatalog, toPrices, toStock, type Circumstances } from './translate.ts';
import { checkByIds, checkPage, type WirePage } from './wire.ts';

/** Speaks to the sandbox supplier: src/sandbox/README.md. */
export const sandbox = {
  name: 'sandbox',
  defaultBaseUrl: null,
  profile,
  credentials: ['clientId', 'clientSecret'],
  authentication: (read) => ({
    kind: 'clientCredentials',
    tokenPath: 'oauth/token',
    callClass: 'token',
    sentAs: 'json',
    clientId: () => read('clientId'),
    clientSecret: () => read('clientSecret'),
  }),
  feeds: {
    catalog: listReader('catalog', toCatalog),
    stock: listReader('stock', toStock),
    prices: listReader('prices', toPrices),
  },
  readStock,
} satisfies Connector;

type Translate = (raw: unknown, from: Circumstances) => Observation | Rejection;

/** The supplier no longer keeps the delta that was being walked. */
const DELTA_GONE = 410;

/** Lists are at `v1/<call class>`. */
function listReader(callClass: CallClass, translate: Translate): FeedReader {
  return {
    full: (ask) => fullPage(ask, callClass, translate),
    incremental: { page: (ask) => changedPage(ask, callClass, translate), reachMs: null },
  };
}

/** The token is the page's number. */
async function fullPage(ask: PageAsk, callClass: CallClass, translate: Translate): Promise<Page> {
  const page = ask.token === null ? 1 : pageNumber(ask, ask.token);
  const answer = await ask.call(listRequest(callClass, { page }));
  const wire = readPage(ask, callClass, answer, page);
  return toPage(ask, answer, wire, translate, String(page + 1));
}

/**
 * The token is `page|as_of`: `as_of` names the delta as the supplier froze it on page 1, so that a row which changes
 * during the walk cannot push another over the edge of a page. A delta that is gone is begun again, in one more call.
 */
async function changedPage(
  ask: PageAsk & { readonly since: number },
  callClass: CallClass,
  translate: Translate,
): Promise<Page> {
  const [number = '1', asOf] = ask.token?.split('|') ?? [];
  const page = pageNumber(ask, number);
  const query = { page, changed_since: new Date(ask.since).toISOString() };
  if (asOf === undefined && page > 1) throw badToken(ask);
  const frozen = asOf === undefined ? query : { ...query, as_of: asOf };
  const answer = await ask.call({ ...listRequest(callClass, frozen), alsoAnswers: [DELTA_GONE] });
  if (answer.status === DELTA_GONE) {
    if (asOf === undefined)
      throw unusable(ask, `the answer to ${callClass} is a 410 to the first page of a delta`, answer.body);
    return changedPage({ ...ask, token: null }, callClass, translate);
  }
  const wire = readPage(ask, callClass, answer, page);
  const kept = asOf ?? wire.meta.as_of;
  if (kept === undefined) throw unusable(ask, `the answer to ${callClass} names no as_of for its delta`, wire.meta);
  return toPage(ask, answer, wire, translate, `${page + 1}|${kept}`);
}

function listRequest(callClass: CallClass, query: NonNullable<SupplierRequest['query']>): SupplierRequest {
  return { callClass, method: 'GET', path: `v1/${callClass}`, query, expects: 'json' };
}

function pageNumber(ask: PageAsk, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw badToken(ask);
}

/** The end of a list is believed only where nothing contradicts it: what a full walk did not see is taken for deleted. */
function readPage(ask: Asker, callClass: CallClass, answer: SupplierAnswer, page: number): WirePage {
  const wire = readOrFail(ask, callClass, checkPage(answer.body), answer.body);
  if (wire.meta.page !== page) {
    throw unusable(
      ask,
      `the answer to ${callClass} is page ${wire.meta.page}, where page ${page} was asked for`,
      wire.meta,
    );
  }
  if (page < wire.meta.total_pages && wire.data.length === 0) {
    throw unusable(
      ask,
      `the answer to ${callClass} breaks off at page ${page} of ${wire.meta.total_pages}`,
      answer.body,
    );
  }
  return wire;
}

function toPage(ask: Asker, answer: SupplierAnswer, wire: WirePage, translate: Translate, next: string): Page {
  const from = circumstances(ask, answer);
  return {
    ...sorted(wire.data.map((row) => translate(row, from))),
    nextToken: wire.meta.page < wire.meta.total_pages ? next : null,
    pagesInAll: wire.meta.total_pages,
    askedAtSupplier: answer.sentAtSupplier,
  };
}

/** An id that is in neither list is left open: it is never a zero and never an absence. */
async function readStock(ask: StockAsk): Promise<Answered> {
  const ids = [...new Set(ask.keys)];
  if (ids.length === 0) return { observations: [], rejections: [] };
  const answer = await ask.call({
    callClass: 'stockByIds',
    method: 'POST',
    path: 'v1/stock/by-ids',
    json: { ids },
    expects: 'json',
  });
  const wire = readOrFail(ask, 'stock/by-ids', checkByIds(answer.body), answer.body);
  const from = circumstances(ask, answer);
  const said = wire.data.map((row) => toStock(row, from));
  const notFound = new Set(wire.not_found);
  const told = ids.map((id) => {
    const ofId = said.filter((one) => one.supplierPartNumber === id);
    if (ofId.length > 0) return latestOf(ofId, answer, from);
    return notFound.has(id) ? absence(id, answer, from) : unmentioned(id, answer, from);
  });
  const asked = new Set<SupplierPartNumber | null>(ids);
  const strays = said.filter((one) => !asked.has(one.supplierPartNumber));
  return sorted([...told, ...strays.map((one) => ('kind' in one ? stray(one, answer, from) : one))]);
}

/** Rows may repeat, in any order: the latest holds. Two that differ at the same time cannot both be true. */
function latestOf(
  said: readonly (StockObservation | Rejection)[],
  answer: SupplierAnswer,
  from: Circumstances,
): Observation | Rejection {
  const stock = said.filter((one) => 'kind' in one).sort((a, b) => b.time.version - a.time.version);
  const [latest] = stock;
  if (latest === undefined) return said[0] ?? reject(answer.body, from, 'nothing is said of it');
  const rivals = stock.filter((one) => one.time.version === latest.time.version);
  if (new Set(rivals.map((one) => JSON.stringify(one.levels))).size === 1) return latest;
  const reason = 'it comes twice, with different quantities at the same time';
  return reject(answer.body, from, reason, latest.supplierPartNumber);
}

/** Taken, it would be a fact about a part that nobody asked about: the supplier may have mistaken one id for another. */
function stray(one: StockObservation, answer: SupplierAnswer, from: Circumstances): Rejection {
  return reject(answer.body, from, 'it was not asked for', one.supplierPartNumber);
}

/** An absence bears no time of its own: it was true when we asked, on the clock of all processes. */
function absence(id: SupplierPartNumber, answer: SupplierAnswer, from: Circumstances): Observation {
  const time = { version: answer.askedAt, observedAt: from.observedAt, sourceAsOf: null };
  return { kind: 'absence', supplier: from.supplier, supplierPartNumber: id, time };
}

function unmentioned(id: SupplierPartNumber, answer: SupplierAnswer, from: Circumstances): Rejection {
  return reject(answer.body, from, `asked for ${id}, the answer does not mention it`, id);
}

function circumstances(ask: Asker, answer: SupplierAnswer): Circumstances {
  return { supplier: ask.supplier, account: ask.account, observedAt: answer.sentAt };
}

function badToken(ask: PageAsk): CallFailed {
  const message = `${ask.supplier}: cannot go on from the page token ${JSON.stringify(ask.token)}: start the run anew.`;
  return new CallFailed('broken', message);
}
