import type { Clock } from '../domain/clock.ts';
import type { TokenShelf } from '../redis/token-shelf.ts';
import { CallFailed, type Authentication, type CallTerms, type SupplierConnection } from './supplier-call.ts';
import { openToken, sealToken } from './token-seal.ts';

/** What makes a call ours. Never logged. */
export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  /** The token as it lies on the shelf; null where there is none to renew. */
  readonly sealed: string | null;
}

export interface Credentials {
  /** @throws CallFailed */
  authorize(connection: SupplierConnection, terms: CallTerms): Promise<Authorization>;
  /**
   * After a 401: makes way for another token.
   * @returns false where the token was renewed only just now: then it is the permission that lacks, not the token
   */
  renew(connection: SupplierConnection, refused: Authorization): Promise<boolean>;
}

export interface CredentialParts {
  readonly shelf: TokenShelf;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
  /** Makes a token request through the budget like any other call. @returns the parsed answer */
  readonly askForToken: (
    connection: SupplierConnection,
    authentication: ClientCredentials,
    terms: CallTerms,
  ) => Promise<unknown>;
}

export type ClientCredentials = Extract<Authentication, { kind: 'clientCredentials' }>;

/** RFC 6749 §5.1 recommends `expires_in` and does not require it. */
const LIFE_UNSAID_MS = 3_600_000;
const MARGIN_AT_LEAST_MS = 60_000;
const MARGIN_SHARE = 0.1;
/** A supplier that answers 401 to every token costs two token requests a minute. */
const RENEW_EVERY_MS = 30_000;
/** A refused token request is not repeated within this time. */
const REFUSED_FOR_MS = 30_000;
const FETCH_WITHIN_MS = 10_000;
/** Waiting for a fetch that another caller leads: its permit and its call. */
const WAIT_AT_MOST_MS = 60_000;
const LOOK_AGAIN_MS = 50;
/** So that a token with no life at all is not fetched in a circle. */
const KEEP_AT_LEAST_MS = 1_000;

export function createCredentials(parts: CredentialParts): Credentials {
  const state: TokenState = { ...parts, fetches: new Map(), refusals: new Map() };
  return {
    async authorize(connection, terms) {
      const { authentication } = connection;
      if (authentication.kind === 'clientCredentials') return withToken(state, { connection, authentication, terms });
      const { header, prefix, secret } = authentication;
      return { headers: { [header.toLowerCase()]: `${prefix}${secret()}` }, sealed: null };
    },
    async renew(connection, refused) {
      if (refused.sealed === null) return false;
      const key = shelfKey(connection);
      const current = await reached(connection, parts.shelf.read(key));
      if (current !== refused.sealed) return true;
      const isFirst = await reached(connection, parts.shelf.claim(`${key}:renewed`, parts.newId(), RENEW_EVERY_MS));
      if (isFirst) await reached(connection, parts.shelf.drop(key, refused.sealed));
      return isFirst;
    },
  };
}

interface TokenState extends CredentialParts {
  /** Under way in this process, by account. */
  readonly fetches: Map<string, Promise<void>>;
  /** Refused of late, by account. */
  readonly refusals: Map<string, { readonly failed: CallFailed; readonly until: number }>;
}

interface TokenAsk {
  readonly connection: SupplierConnection;
  readonly authentication: ClientCredentials;
  readonly terms: CallTerms;
}

async function withToken(state: TokenState, ask: TokenAsk): Promise<Authorization> {
  const key = shelfKey(ask.connection);
  for (;;) {
    const sealed = await reached(ask.connection, state.shelf.read(key));
    const token = sealed === null ? null : openToken(sealed, ask.authentication.clientSecret());
    if (token !== null) return { headers: { authorization: `Bearer ${token}` }, sealed };
    const refusal = state.refusals.get(key);
    if (refusal !== undefined && refusal.until > state.clock.now()) throw refusal.failed;
    await joinFetch(state, key, ask);
  }
}

/** One fetch for all callers of this process; who has more time than its leader had leads the next one. */
async function joinFetch(state: TokenState, key: string, ask: TokenAsk): Promise<void> {
  const joined = state.fetches.get(key);
  const work = joined ?? fetchToken(state, key, ask).finally(() => state.fetches.delete(key));
  state.fetches.set(key, work);
  try {
    await withinDeadline(state, work, ask);
  } catch (error) {
    const canLead = error instanceof CallFailed && error.failure === 'notNow' && ask.terms.deadline > state.clock.now();
    if (joined === undefined || !canLead) throw error;
  }
}

async function withinDeadline({ clock }: TokenState, work: Promise<void>, ask: TokenAsk): Promise<void> {
  const over = new AbortController();
  const waitMs = Math.min(Math.max(0, ask.terms.deadline - clock.now()), WAIT_AT_MOST_MS);
  const late = clock.sleep(waitMs, over.signal).then(() => {
    throw notNow(ask.connection);
  });
  late.catch(() => undefined);
  work.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

/** Returns when a token may lie on the shelf. */
async function fetchToken(state: TokenState, key: string, ask: TokenAsk): Promise<void> {
  const { shelf, clock } = state;
  const { connection, authentication, terms } = ask;
  const holder = state.newId();
  const deadline = Math.min(terms.deadline, clock.now() + FETCH_WITHIN_MS);
  const claimMs = Math.max(0, deadline - clock.now()) + connection.profile.callTimeoutMs + LOOK_AGAIN_MS;
  if (!(await reached(connection, shelf.claim(key, holder, claimMs)))) {
    if (clock.now() >= terms.deadline) throw notNow(connection);
    // Another process fetches it.
    return clock.sleep(LOOK_AGAIN_MS * (1 + state.random()));
  }
  try {
    if (await reached(connection, isOnShelf(state, key, authentication))) return;
    const askedAt = clock.now();
    // What all wait for goes first, and is a small part of all calls.
    const answer = await state.askForToken(connection, authentication, { lane: 'checkout', deadline });
    const { token, lifeMs } = readToken(connection, answer);
    const keepMs = Math.max(KEEP_AT_LEAST_MS, lifeMs - margin(lifeMs) - (clock.now() - askedAt));
    await reached(connection, shelf.put(key, sealToken(token, authentication.clientSecret()), keepMs));
  } catch (error) {
    if (error instanceof CallFailed && (error.failure === 'refused' || error.failure === 'broken')) {
      state.refusals.set(key, { failed: error, until: clock.now() + REFUSED_FOR_MS });
    }
    throw error;
  } finally {
    await shelf.release(key, holder).catch(() => undefined);
  }
}

/** Another process may have put it there just now. One sealed before a rotation would be in the way: it goes. */
async function isOnShelf({ shelf }: TokenState, key: string, authentication: ClientCredentials): Promise<boolean> {
  const sealed = await shelf.read(key);
  if (sealed === null) return false;
  if (openToken(sealed, authentication.clientSecret()) !== null) return true;
  await shelf.drop(key, sealed);
  return false;
}

/** How long before its end a token is no longer used; a short-lived one is used for half its life. */
export function margin(lifeMs: number): number {
  return Math.min(Math.max(MARGIN_AT_LEAST_MS, lifeMs * MARGIN_SHARE), lifeMs / 2);
}

function readToken(connection: SupplierConnection, answer: unknown): { token: string; lifeMs: number } {
  const { access_token: token, expires_in: expiresIn } = (answer ?? {}) as Record<string, unknown>;
  // Printable ASCII: anything else would break out of the header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new CallFailed('broken', `${connection.supplier} answered a token request without a usable access_token.`);
  }
  const seconds = typeof expiresIn === 'string' && expiresIn.trim() !== '' ? Number(expiresIn) : expiresIn;
  const isLife = typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0;
  return { token, lifeMs: isLife ? seconds * 1_000 : LIFE_UNSAID_MS };
}

function shelfKey({ supplier, account }: SupplierConnection): string {
  return `{${supplier}}:${account}`;
}

async function reached<T>(connection: SupplierConnection, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new CallFailed(
      'budgetUnreachable',
      `The access token of ${connection.supplier} cannot be reached, so no call is made: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function notNow({ supplier }: SupplierConnection): CallFailed {
  return new CallFailed('notNow', `${supplier} was not called: its access token is still being fetched.`);
}
