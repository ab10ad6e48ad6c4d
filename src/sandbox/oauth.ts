import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../domain/clock.ts';
import { errorAnswer, jsonAnswer, type Answer } from './answer.ts';
import { createRandom } from './random.ts';

/** An account with the supplier: two ways to prove it, one budget. */
export interface Credential {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly apiKey: string;
}

export const DEFAULT_CREDENTIAL: Credential = {
  clientId: 'sandbox',
  clientSecret: 'sandbox-secret',
  apiKey: 'sandbox-key',
};

/** Whose call it is, for counting; and whether it may be answered. */
export interface Caller {
  /** The client id, also of an expired token; `UNKNOWN_CALLER` where nobody can tell. */
  readonly credential: string;
  readonly isWelcome: boolean;
}

export const UNKNOWN_CALLER = '(unknown)';

/** Gives out tokens and knows who calls. */
export interface TokenDesk {
  /** Who a token request says it is. */
  applicant(body: string): Caller;
  /** @param applicant from `applicant(body)` */
  answer(body: string, applicant: Caller): Answer;
  /** Who a data call is from. */
  caller(headers: IncomingHttpHeaders): Caller;
}

/** The oldest is forgotten beyond this. */
const MAX_TOKENS = 1_000;

export function createTokenDesk(
  credentials: readonly Credential[],
  lifeSeconds: number,
  seed: number,
  clock: Clock,
): TokenDesk {
  const random = createRandom(seed);
  const tokens = new Map<string, { readonly credential: string; readonly expiresAt: number }>();

  const issue = (credential: string): string => {
    const token = Array.from({ length: 4 }, () =>
      random
        .below(2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
    tokens.set(token, { credential, expiresAt: clock.now() + lifeSeconds * 1_000 });
    const [oldest] = tokens.keys();
    if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest);
    return token;
  };

  const applicant = (body: string): Caller => {
    const { client_id, client_secret } = readForm(body);
    const known = credentials.find((credential) => credential.clientId === client_id);
    return {
      credential: known?.clientId ?? UNKNOWN_CALLER,
      isWelcome: known?.clientSecret === client_secret && known !== undefined,
    };
  };

  const answer = (body: string, from: Caller): Answer => {
    if (readForm(body)['grant_type'] !== 'client_credentials') {
      return errorAnswer(400, 'unsupported_grant_type', 'Send grant_type client_credentials, as JSON or as a form.');
    }
    if (!from.isWelcome) return errorAnswer(401, 'invalid_client', 'The client id or the client secret is wrong.');
    return jsonAnswer({ access_token: issue(from.credential), token_type: 'Bearer', expires_in: lifeSeconds });
  };

  const caller = (headers: IncomingHttpHeaders): Caller => {
    const byKey = credentials.find((credential) => credential.apiKey === headers['x-api-key']);
    if (byKey !== undefined) return { credential: byKey.clientId, isWelcome: true };
    const token = tokens.get(/^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '');
    if (token === undefined) return { credential: UNKNOWN_CALLER, isWelcome: false };
    return { credential: token.credential, isWelcome: clock.now() < token.expiresAt };
  };

  return { applicant, answer, caller };
}

/** JSON or `application/x-www-form-urlencoded`, told apart by their first character. */
function readForm(body: string): Readonly<Record<string, unknown>> {
  if (!body.trimStart().startsWith('{')) return Object.fromEntries(new URLSearchParams(body));
  try {
    return { ...(JSON.parse(body) as object) };
  } catch {
    return {};
  }
}
