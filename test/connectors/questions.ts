import { expect } from 'vitest';
import type { Answered, Asker, Connector, FeedReader, Page } from '../../src/connectors/connector.ts';
import { FEEDS, type Feed } from '../../src/domain/profile.ts';
import type { CallSupplier } from '../../src/outbound/supplier-call.ts';
import type { Asks } from './replay.ts';

/** One thing to ask of a connector: a walk over a feed, or the stock of some keys. */
export interface Question {
  readonly name: string;
  readonly feed: Feed | null;
  readonly keys: readonly string[] | null;
  /** No part of the answer can be used. */
  readonly isUnusable: boolean;
  readonly ask: (call: CallSupplier) => Promise<Answered>;
}

const MAX_PAGES = 50;

/** Everything a connector can be asked, in the words of its `asks.json`. */
export function questionsOf(
  connector: Connector,
  asks: Asks,
  names: { readonly supplier: string; readonly account: string },
): Question[] {
  const now = Date.parse(asks.now);
  const termsOf = (call: CallSupplier): Asker => ({ ...names, call, now: () => now });
  const walks = FEEDS.flatMap((feed) => {
    const reader = connector.feeds[feed];
    return reader === undefined ? [] : walksOver(feed, reader, asks.since[feed], termsOf);
  });
  const stock = (keys: readonly string[], isUnusable: boolean): Question => ({
    name: `stock of ${keys.join(' and ')}`,
    feed: null,
    keys,
    isUnusable,
    ask: (call) => connector.readStock!({ ...termsOf(call), keys }),
  });
  return [
    ...walks,
    ...asks.stock.map((keys) => stock(keys, false)),
    ...(asks.unusable ?? []).map((keys) => stock(keys, true)),
  ];
}

function walksOver(
  feed: Feed,
  reader: FeedReader,
  sinceText: string | undefined,
  termsOf: (call: CallSupplier) => Asker,
): Question[] {
  const of = { feed, keys: null, isUnusable: false };
  const full: Question = {
    ...of,
    name: `${feed}, full`,
    ask: (call) => walk((token) => reader.full({ ...termsOf(call), token })),
  };
  const delta = reader.incremental;
  if (delta === undefined) return [full];
  const since = Date.parse(sinceText ?? '');
  if (Number.isNaN(since)) throw new Error(`asks.json must say, as since.${feed}, from when the delta is asked for`);
  const ask: Question['ask'] = (call) => walk((token) => delta.page({ ...termsOf(call), token, since }));
  return [full, { ...of, name: `${feed}, incremental`, ask }];
}

/** All pages as one answer; the chain of tokens must end and never return. */
async function walk(pageAt: (token: string | null) => Promise<Page>): Promise<Answered> {
  const pages: Page[] = [];
  const tokens = new Set<string | null>();
  let token: string | null = null;
  do {
    expect(tokens.has(token), `the token ${token} comes twice`).toBe(false);
    tokens.add(token);
    const page = await pageAt(token);
    expect(page.askedAtSupplier).toBeGreaterThan(0);
    pages.push(page);
    token = page.nextToken;
  } while (token !== null && pages.length < MAX_PAGES);
  expect(token, 'the walk ends').toBeNull();
  return {
    observations: pages.flatMap(({ observations }) => observations),
    rejections: pages.flatMap(({ rejections }) => rejections),
  };
}
