import ky from 'ky';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { TokenShelf } from '../redis/token-shelf.ts';
import type { CallLedger } from '../store/calls.ts';
import { BodyTooLarge, readBody } from './answer-body.ts';
import { attemptCall, type AttemptParts, type Call, type CallEvent, type Outgoing } from './attempt.ts';
import { createBreaker } from './breaker.ts';
import type { Budget } from './budget.ts';
import { createCredentials, type Authorization, type ClientCredentials, type Credentials } from './credentials.ts';
import { isAtTheDoor, refusedAtTheDoor } from './door.ts';
import { createEndings } from './endings.ts';
import { watchSending } from './first-byte.ts';
import { PERMIT_MAX_AGE_MS, permitAgeMs, type Permit } from './permit.ts';
import { requestUrl } from './request-url.ts';
import { createRetryBudget } from './retry-budget.ts';
import type { Failed, RawAnswer } from './supplier-answer.ts';
import { CallFailed } from './supplier-call.ts';
import type { CallTerms, Gate, SupplierAnswer, SupplierConnection, SupplierRequest } from './supplier-call.ts';

export type { CallEvent };

export interface GateParts {
  readonly budget: Budget;
  readonly ledger: CallLedger;
  readonly shelf: TokenShelf;
  readonly clock: Clock;
  /** Milliseconds that only ever go forward, e.g. `performance.now`; the same as the budget's. */
  readonly monotonic: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Logger;
  /** Told of every attempt; for metrics. */
  readonly onCall?: (event: CallEvent) => void;
}

export interface RunningGate extends Gate {
  /** Resolves when every answer so far is stamped and in the ledger. */
  drain(): Promise<void>;
}

/** The one way out: every byte to a supplier goes through here, with a permit and a row in the call ledger. */
export function createGate(parts: GateParts): RunningGate {
  const { clock, log, monotonic } = parts;
  const endings = createEndings(parts);
  const attemptParts: AttemptParts = {
    ...parts,
    endings,
    breaker: createBreaker(clock),
    retries: createRetryBudget(clock),
    exchange: (call, permit) => exchange({ clock, monotonic, finish: endings.finish }, call, permit),
  };
  const credentials = createCredentials({
    ...parts,
    askForToken: (connection, authentication, terms) => askForToken(attemptParts, connection, authentication, terms),
  });
  return {
    callFor: (connection, terms) => async (request) => {
      try {
        return await authorizedCall(attemptParts, credentials, connection, terms, request);
      } catch (error) {
        if (error instanceof CallFailed) throw error;
        const { supplier } = connection;
        log.error({ supplier, reason: reasonOf(error) }, 'supplier call failed in the gateway itself');
        throw new CallFailed('broken', `The call to ${supplier} failed in the gateway itself: ${reasonOf(error)}`);
      }
    },
    drain: endings.drain,
  };
}

/** A token can end while it is in use: one 401 is answered with another token, a second one means what it says. */
async function authorizedCall(
  parts: AttemptParts,
  credentials: Credentials,
  connection: SupplierConnection,
  terms: CallTerms,
  request: SupplierRequest,
): Promise<SupplierAnswer> {
  const url = requestUrl(connection, request);
  for (let isRenewed = false; ; isRenewed = true) {
    const authorization = await credentials.authorize(connection, terms);
    const result = await attemptCall(parts, { connection, terms, request, url, authorization });
    if (!('failed' in result)) return result;
    const isRenewable = result.status === 401 && !isRenewed && (await credentials.renew(connection, authorization));
    if (!isRenewable) throw result.failed;
  }
}

async function askForToken(
  parts: AttemptParts,
  connection: SupplierConnection,
  authentication: ClientCredentials,
  terms: CallTerms,
): Promise<unknown> {
  const fields = {
    grant_type: 'client_credentials',
    client_id: authentication.clientId(),
    client_secret: authentication.clientSecret(),
  };
  const request: Outgoing = {
    callClass: authentication.callClass,
    method: 'POST',
    path: authentication.tokenPath,
    expects: 'json',
    ...(authentication.sentAs === 'json' ? { json: fields } : { form: fields }),
  };
  const url = requestUrl(connection, request);
  const result = await attemptCall(parts, { connection, terms, request, url, authorization: NOBODY });
  if (!('failed' in result)) return result.body;
  // 400 `invalid_client` is how many say that the credentials are wrong (RFC 6749 §5.2).
  if (result.status !== 400 && result.status !== 401) throw withoutRaw(result.failed);
  throw new CallFailed(
    'refused',
    `${connection.supplier} gave no access token: ${result.status}. Check the client id and secret of account ${connection.account}.`,
  );
}

/** What a token endpoint sends may be a token, or the secret sent back: it is never kept. */
function withoutRaw({ failure, message, retryAt }: CallFailed): CallFailed {
  return new CallFailed(failure, message, { retryAt });
}

const NOBODY: Authorization = { headers: {}, sealed: null };

interface ExchangeParts {
  readonly clock: Clock;
  readonly monotonic: () => number;
  readonly finish: (permit: Permit, ending: 'answered' | 'begun', status: number | null) => void;
}

/** Sends and reads to the end; settles the permit where its ending is known, and leaves it to expire where it is not. */
async function exchange(parts: ExchangeParts, call: Call, permit: Permit): Promise<RawAnswer | Failed> {
  const { callTimeoutMs, maxBodyBytes } = call.connection.profile;
  const { signal } = call.terms;
  const lateAt = parts.monotonic() + callTimeoutMs;
  // From the permit's moment, not from now: a process that stood still since it looked at its permit's age must not send by it.
  const mayStillSend = (): boolean =>
    parts.monotonic() < lateAt && permitAgeMs(permit, parts) < PERMIT_MAX_AGE_MS + callTimeoutMs;
  const over = new AbortController();
  const abort = (): void => over.abort();
  // The client's own time-out does not cover the body.
  const timer = setTimeout(abort, callTimeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted === true) abort();
  let sentAt = parts.clock.now();
  const { done, sent } = watchSending(
    { mayStillSend, onFirstByte: () => void (sentAt = parts.clock.now()) },
    async () => ky(call.url, requestInit(call, over.signal)),
  );
  let response: Response | null = null;
  try {
    response = await done;
    const answeredAt = parts.clock.now();
    const text = await readBody(response, maxBodyBytes);
    parts.finish(permit, 'answered', response.status);
    return { status: response.status, headers: Object.fromEntries(response.headers), text, sentAt, answeredAt };
  } catch (error) {
    over.abort();
    if (response !== null) parts.finish(permit, 'begun', response.status);
    // Counted like a call although it surely brought no byte: the supplier may count connections.
    else if (sent.surelyNothing()) parts.finish(permit, 'answered', null);
    if (!mayStillSend()) return brokenOff(call, 'late', response?.status ?? null);
    const isTurnedAway = response === null && signal?.aborted !== true && isAtTheDoor(error, sent);
    if (isTurnedAway) return turnedAway(call, error);
    return brokenOff(call, signal?.aborted === true ? 'left' : error, response?.status ?? null);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function requestInit({ request, authorization }: Call, signal: AbortSignal): Parameters<typeof ky>[1] {
  const json = request.json === undefined ? undefined : JSON.stringify(request.json);
  const body = request.form === undefined ? json : new URLSearchParams(request.form).toString();
  const contentType = request.form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
  return {
    method: request.method,
    headers: {
      accept: request.expects === 'json' ? 'application/json' : '*/*',
      ...(body === undefined ? {} : { 'content-type': contentType }),
      ...request.headers,
      ...authorization.headers,
    },
    ...(body === undefined ? {} : { body }),
    signal,
    // Whatever repeats, follows or gives up by itself would do so without a permit.
    retry: 0,
    redirect: 'manual',
    timeout: false,
    throwHttpErrors: false,
  };
}

/** @param why the time-out, the caller that left, or what the client reports */
function brokenOff({ connection, request, url }: Call, why: unknown, status: number | null): Failed {
  const { supplier, profile } = connection;
  const what = `${request.method} ${url.pathname}`;
  if (why === 'late' || why === 'left') {
    const until = why === 'late' ? `within ${profile.callTimeoutMs} ms` : 'before the caller left';
    const failed = new CallFailed('timedOut', `${supplier} did not answer ${what} ${until}.`);
    return { failed, status, isRepeatable: false, health: why === 'late' ? 'failed' : 'given up' };
  }
  if (why instanceof BodyTooLarge) {
    const failed = new CallFailed('broken', `${supplier} answered ${what} with ${why.message}.`);
    return { failed, status, isRepeatable: false, health: 'answered' };
  }
  const failed = new CallFailed('unreachable', `${supplier} broke off ${what}: ${reasonOf(why)}.`);
  return { failed, status, isRepeatable: true, health: 'failed' };
}

function turnedAway({ connection }: Call, error: unknown): Failed {
  const failed = refusedAtTheDoor(connection.supplier, reasonOf(error), null);
  return { failed, status: null, isRepeatable: false, health: 'refused at the door' };
}

/** The innermost reason: `fetch failed` alone says nothing. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? `${error.message} (${error.code})` : error.message;
}
