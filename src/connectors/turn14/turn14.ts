import type { SupplierPartNumber } from '../../domain/identity.ts';
import type { Observation, Rejection, StockObservation } from '../../domain/observation.ts';
import { CallFailed, type SupplierAnswer } from '../../outbound/supplier-call.ts';
import type { Answered, Asker, Connector, Page, PageAsk, StockAsk } from '../connector.ts';
import { readOrFail, sorted, unusable } from '../reading.ts';
import { rawText } from '../schema-check.ts';
import { BULK_STOCK_KEYS, profile } from './profile.ts';
import { toCatalog, toPrices, toStock, type Circumstances } from './translate.ts';
import { readPage, readRows, saysNoSuchItem, type WirePage } from './wire.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** `inventory/updates` takes these and no others. */
const UPDATE_MINUTES = [15, 30, 60, 240, 480, 1_440] as const;
/** A delta asked for at the very end of its reach would miss what changed while the call waited for its permit. */
const REACH_MARGIN_MS = 10 * MINUTE_MS;
/** `items/updates` documents no largest `days`: a bound of ours. */
const MAX_UPDATE_DAYS = 30;

/** Calls one `readStock` may make to find the unknown ids of a batch: enough for 6 among 250. */
const MAX_STOCK_CALLS = 80;
/** From here on the narrowest group goes first: where very many ids are unknown, some are settled all the same. */
const BROAD_STOCK_CALLS = 40;

export const turn14 = {
  name: 'turn14',
  defaultBaseUrl: 'https://api.turn14.com/v1/',
  profile,
  credentials: ['clientId', 'clientSecret'],
  authentication: (read) => ({
    kind: 'clientCredentials',
    tokenPath: 'token',
    callClass: 'token',
    sentAs: 'json',
    clientId: () => read('clientId'),
    clientSecret: () => read('clientSecret'),
  }),
  feeds: {
    catalog: {
      full: (ask) => fullPage(ask, 'items', toCatalog),
      incremental: {
        page: (ask) => changedPage(ask, 'items/updates', 'days', daysBack, toCatalog),
        reachMs: MAX_UPDATE_DAYS * DAY_MS,
      },
    },
    stock: {
      full: (ask) => fullPage(ask, 'inventory', toStock),
      incremental: {
        page: (ask) => changedPage(ask, 'inventory/updates', 'minutes', minutesBack, toStock),
        reachMs: DAY_MS - REACH_MARGIN_MS,
      },
    },
    prices: { full: (ask) => fullPage(ask, 'pricing', toPrices) },
  },
  readStock,
} satisfies Connector;

type Translate = (raw: unknown, from: Circumstances) => Observation | Rejection;
type Query = Readonly<Record<string, number>>;

/** The token is the page's number. */
async function fullPage(ask: PageAsk, path: string, translate: Translate): Promise<Page> {
  const [page = 1] = numbersOf(ask, 1);
  const { answered, next } = await walkPage(ask, path, { page }, translate);
  return { ...answered, nextToken: next === null ? null : String(next) };
}

/**
 * The token is `distance:page`: all pages of a walk ask for the same distance, else the second page of one delta would
 * follow the first of another. The distance is counted from the moment of each call, so between two pages rows leave at the old end
 * and all others move up: one may slip over the edge of a page. The next run sees it again, as a walk goes back twice as far as it
 * has to. What slips in both of them, or once in a walk after a pause (most of whose rows no further walk names), is found only by the
 * next full walk or when it is asked about by name: until then its old value may be called fresh, for as long as a run may speak for it.
 */
async function changedPage(
  ask: PageAsk & { readonly since: number },
  path: string,
  unit: 'minutes' | 'days',
  distanceBack: (ms: number) => number | null,
  translate: Translate,
): Promise<Page> {
  const [distance = distanceBack(ask.now() - ask.since), page = 1] = numbersOf(ask, 2);
  if (distance === null) throw unusable(ask, `${path} does not reach back that far: make a full run`, null);
  const { answered, next } = await walkPage(ask, path, { page, [unit]: distance }, translate);
  return { ...answered, nextToken: next === null ? null : `${distance}:${next}` };
}

/** Twice as far as is needed, where that is offered: at the usual pace two runs or more then see each change. */
function minutesBack(ms: number): number | null {
  const reaching = (distanceMs: number): number | undefined =>
    UPDATE_MINUTES.find((minutes) => minutes * MINUTE_MS >= distanceMs);
  return reaching(2 * ms) ?? reaching(ms) ?? null;
}

function daysBack(ms: number): number | null {
  const days = Math.max(1, Math.ceil(ms / DAY_MS));
  return days <= MAX_UPDATE_DAYS ? days : null;
}

/** @returns none for the first page, else the token's `count` numbers */
function numbersOf(ask: PageAsk, count: number): number[] {
  if (ask.token === null) return [];
  const numbers = ask.token.split(':').map((text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0));
  if (numbers.length === count && !numbers.includes(0)) return numbers;
  throw unusable(ask, `no page has the token ${JSON.stringify(ask.token)}: start the run anew`, null);
}

interface Walked {
  readonly answered: Omit<Page, 'nextToken'>;
  readonly next: number | null;
}

async function walkPage(
  ask: Asker,
  path: string,
  query: Query & { readonly page: number },
  translate: Translate,
): Promise<Walked> {
  const answer = await ask.call({ callClass: 'read', method: 'GET', path, query, expects: 'json' });
  const page = readOrFail(ask, path, readPage(answer.body), answer.body);
  const next = nextPage(ask, path, query.page, page);
  const from = circumstances(ask, answer);
  const said = page.data.map((row) => translate(row, from));
  return { answered: { ...sorted(said), pagesInAll: page.totalPages, askedAtSupplier: answer.sentAtSupplier }, next };
}

/**
 * The end of a list is believed only where nothing contradicts it: what a full walk did not see is taken for deleted.
 * @returns null on the last page
 */
function nextPage(ask: Asker, path: string, page: number, { data, totalPages, linkedNext }: WirePage): number | null {
  if (typeof linkedNext === 'number' && linkedNext !== page + 1) {
    throw unusable(ask, `${path} names page ${linkedNext} as the one after page ${page}`, { totalPages, linkedNext });
  }
  if (page >= totalPages) return linkedNext ?? null;
  if (data.length === 0 || linkedNext === null) {
    throw unusable(ask, `${path} breaks off at page ${page} of ${totalPages}`, {
      totalPages,
      rows: data.length,
      linkedNext,
    });
  }
  return page + 1;
}

/**
 * One call where Turn14 knows every id. A 404 for several does not say which of them is unknown, so each half is asked
 * again; the widest groups go first, so that most keys are answered before a deadline can come in between.
 */
async function readStock(ask: StockAsk): Promise<Answered> {
  const keys = [...new Set(ask.keys)];
  if (keys.length > BULK_STOCK_KEYS) throw new RangeError(`${keys.length} keys asked, ${BULK_STOCK_KEYS} are allowed`);
  const refused = keys.filter((key) => !isAskable(key)).map((key) => rejectKey(ask, key, NOT_ASKABLE));
  const told: (Observation | Rejection)[] = [];
  // None at all would ask for `inventory/`, the whole list.
  let open = [keys.filter(isAskable)].filter((group) => group.length > 0);
  for (let calls = 0; open[0] !== undefined; calls += 1) {
    try {
      if (calls === MAX_STOCK_CALLS) throw unusable(ask, `${calls} calls did not tell which ids are unknown`, null);
      const answered = await askTogether(ask, open[0]);
      const rest = open.slice(1);
      const parts = answered === 'someUnknown' ? halves(open[0]) : [];
      open = calls < BROAD_STOCK_CALLS ? [...rest, ...parts] : [...parts, ...rest];
      if (answered !== 'someUnknown') told.push(...answered);
    } catch (error) {
      if (!(error instanceof CallFailed) || told.length === 0) throw error;
      // What was answered has been paid for and is kept.
      told.push(
        ...open.flat().map((key) => rejectKey(ask, key, `it was asked with an unknown id, and then ${error.message}`)),
      );
      break;
    }
  }
  return sorted([...refused, ...told]);
}

/** Ids that would change the path they are written into, or that no path can hold. */
const NOT_ASKABLE =
  'its number holds a comma, a slash or what no address can hold, so its stock cannot be asked for by key';

function isAskable(key: SupplierPartNumber): boolean {
  return key !== '' && key !== '.' && key !== '..' && !/[,/\\\p{Cc}\p{Cs}]/u.test(key);
}

/** One statement for each key of the group, or that some key of several is unknown. */
async function askTogether(
  ask: Asker,
  group: readonly SupplierPartNumber[],
): Promise<(Observation | Rejection)[] | 'someUnknown'> {
  const path = `inventory/${group.map(encodeURIComponent).join(',')}`;
  const answer = await ask.call({ callClass: 'read', method: 'GET', path, alsoAnswers: [404], expects: 'json' });
  const from = circumstances(ask, answer);
  if (answer.status === 404) {
    if (!saysNoSuchItem(answer.body)) {
      throw unusable(ask, 'a 404 that names no item: check the base URL', answer.body);
    }
    const [key] = group;
    if (key === undefined || group.length > 1) return 'someUnknown';
    return [{ kind: 'absence', supplier: ask.supplier, supplierPartNumber: key, time: from.time }];
  }
  const rows = readOrFail(ask, 'inventory', readRows(answer.body), answer.body);
  const said = rows.map((row) => toStock(row, from));
  return group.map(
    (key) =>
      oneOf(said.filter((one) => one.supplierPartNumber === key)) ?? rejectKey(ask, key, NOT_ANSWERED, answer.body),
  );
}

const NOT_ANSWERED = 'the answer does not hold it, or holds it with different quantities';

/** What is said of one key: rows may repeat, in any order, as long as they agree. */
function oneOf(said: readonly (StockObservation | Rejection)[]): StockObservation | Rejection | null {
  const stock = said.filter((one) => 'kind' in one);
  const isContradicted = new Set(stock.map(({ levels }) => JSON.stringify(levels))).size > 1;
  return isContradicted ? null : (stock[0] ?? said[0] ?? null);
}

function halves<T>(group: readonly T[]): T[][] {
  const middle = Math.ceil(group.length / 2);
  return [group.slice(0, middle), group.slice(middle)];
}

function rejectKey(ask: Asker, key: SupplierPartNumber, reason: string, raw: unknown = ''): Rejection {
  return {
    supplier: ask.supplier,
    supplierPartNumber: key,
    reason: `Turn14's stock of ${key} is open: ${reason}.`,
    raw: rawText(raw),
  };
}

function circumstances(ask: Asker, answer: SupplierAnswer): Circumstances {
  const time = { version: answer.askedAt, observedAt: answer.sentAt, sourceAsOf: null };
  return { supplier: ask.supplier, account: ask.account, time };
}
