/** What an answer means for the caller and for the next call. */
export type Meaning =
  | 'ok'
  /** Its own fault, perhaps gone in a moment. */
  | 'retry'
  /** It wants fewer calls. */
  | 'limited'
  /** It does not accept who we are, or does not grant what was asked. */
  | 'refused'
  /** No answer to what was asked, and repeating will not make it one. */
  | 'broken';

/** Header names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string>>;

export const PAUSE_AT_MOST_MS = 60 * 60_000;
/** After a 429 that does not say how long. */
const PAUSE_UNSAID_MS = 60_000;
/** After a 429 that says "at once". */
const PAUSE_AT_LEAST_MS = 1_000;

/**
 * @param alsoAnswers statuses beside 2xx that answer this request
 * A redirect is broken: it is never followed, as it could lead our credentials elsewhere.
 */
export function meaningOf(status: number, alsoAnswers: readonly number[], headers: AnswerHeaders): Meaning {
  if ((status >= 200 && status < 300) || alsoAnswers.includes(status)) return 'ok';
  if (status === 429) return 'limited';
  if (status === 503 && headers['retry-after'] !== undefined) return 'limited';
  if (status === 401 || status === 403) return 'refused';
  if (status === 408 || (status >= 500 && status !== 501)) return 'retry';
  return 'broken';
}

/**
 * How long the supplier wants no further call; null where it does not say so. `Retry-After` goes before all else (it counts
 * after a 429 or 503 only); then whatever of `RateLimit` and its predecessors says that nothing remains. Malformed fields are
 * ignored, and what remains above zero is no promise: headers only ever make us slower.
 * @param now epoch ms, for times of day where the answer has no `Date`
 */
export function pauseAfter(status: number, headers: AnswerHeaders, now: number): number | null {
  const wait = statedWait(status, headers, now);
  if (status === 429) return clamp(wait ?? PAUSE_UNSAID_MS, PAUSE_AT_LEAST_MS);
  return wait === null || wait <= 0 ? null : clamp(wait, 0);
}

/** The wait that the supplier asks for, as it says it; null where it says none. */
export function statedWait(status: number, headers: AnswerHeaders, now: number): number | null {
  const suppliersNow = httpDate(headers['date']) ?? now;
  const isLimited = status === 429 || status === 503;
  const retryAfterMs = isLimited ? retryAfter(headers['retry-after'], suppliersNow) : null;
  return retryAfterMs ?? remainingWait(headers, suppliersNow, status === 429);
}

function clamp(ms: number, atLeast: number): number {
  return Math.min(Math.max(ms, atLeast), PAUSE_AT_MOST_MS);
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const seconds = wholeSeconds(value);
  if (seconds !== null) return seconds * 1_000;
  const date = httpDate(value);
  return date === null ? null : Math.max(0, date - now);
}

/**
 * The longest wait of all fields that say "none remain", or of all of them after a 429 (then `remaining` may be of another
 * limit): `RateLimit: "default";r=0;t=30` (draft 8 and later), `RateLimit: limit=5, remaining=0, reset=30` (drafts 3 to 7),
 * and `RateLimit-`, `X-RateLimit-`, `X-Rate-Limit-` with `-Remaining` and `-Reset`.
 */
function remainingWait(headers: AnswerHeaders, now: number, is429: boolean): number | null {
  const waits: number[] = [];
  const consider = (remaining: number | null, resetMs: number | null): void => {
    if (resetMs !== null && (is429 || remaining === 0)) waits.push(resetMs);
  };
  for (const member of headers['ratelimit']?.split(/,(?![^"]*"(?:[^"]*"[^"]*")*[^"]*$)/) ?? []) {
    const reset = wholeSeconds(parameter(member, 't'));
    consider(wholeSeconds(parameter(member, 'r')), reset === null ? null : reset * 1_000);
  }
  const old = headers['ratelimit'] ?? '';
  consider(wholeSeconds(parameter(old, 'remaining')), resetWait(parameter(old, 'reset'), now));
  for (const prefix of ['ratelimit', 'x-ratelimit', 'x-rate-limit']) {
    consider(wholeSeconds(headers[`${prefix}-remaining`]), resetWait(headers[`${prefix}-reset`], now));
  }
  return waits.length === 0 ? null : Math.max(...waits);
}

/** A parameter of a structured field, taken loosely: `;r=0` or `, remaining=0`. */
export function parameter(field: string, name: string): string | undefined {
  return new RegExp(`(?:^|[;,\\s])${name}\\s*=\\s*(\\d+)\\s*(?:$|[;,])`).exec(field)?.[1];
}

/**
 * What `reset` counts is nowhere agreed: past 10¹² it is epoch milliseconds, past 10⁹ (the year 2001, or 31 years from now)
 * epoch seconds, else seconds from now.
 */
export function resetWait(value: string | undefined, now: number): number | null {
  const number = wholeSeconds(value);
  if (number === null) return null;
  if (number >= 1e12) return Math.max(0, number - now);
  return number >= 1e9 ? Math.max(0, number * 1_000 - now) : number * 1_000;
}

export function wholeSeconds(value: string | undefined): number | null {
  return value !== undefined && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : null;
}

/** Epoch ms of an HTTP date; null where it is none. A date always names its weekday, month and zone in letters. */
export function httpDate(value: string | undefined): number | null {
  if (value === undefined || !/^\s*[A-Za-z]{3,9},?\s.*\d{2}:\d{2}:\d{2}/.test(value)) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : at;
}
