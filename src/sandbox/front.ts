import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Clock } from '../domain/clock.ts';
import { answerText, errorAnswer, type Answer } from './answer.ts';
import { answerControl, CONTROL_PREFIX, type SandboxControl } from './control.ts';
import { spoil, type Faults, type FaultSpec } from './faults.ts';
import { refusalOf, type Refusal } from './limiter.ts';
import { UNKNOWN_CALLER, type Caller, type TokenDesk } from './oauth.ts';
import type { RequestLog } from './request-log.ts';
import { answerData, callClassOf, TOKEN_PATH, type CallSizes, type DataRequest } from './routes.ts';
import type { Supply } from './supply.ts';
import type { Judge } from './verdict.ts';

/** All that a call meets. Replaced as a whole when the sandbox is reset. */
export interface Rooms {
  readonly supply: Supply;
  readonly judge: Judge;
  readonly desk: TokenDesk;
  readonly faults: Faults;
  readonly log: RequestLog;
}

export interface FrontSettings {
  readonly sizes: CallSizes;
  readonly clock: Clock;
  readonly control: SandboxControl;
  readonly rooms: () => Rooms;
  /** Ends what is being kept back when the sandbox stops. */
  readonly stopping: AbortSignal;
}

const MAX_BODY_BYTES = 1024 * 1024;
const DEFAULT_DELAY_MS = 10_000;

/** Meets one call from its arrival to the last byte of its answer. */
export async function meetCall(
  settings: FrontSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = request.url ?? '/';
  const url = new URL(URL.canParse(target, ORIGIN) ? target : '/', ORIGIN);
  const read = { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams };
  if (read.path.startsWith(CONTROL_PREFIX)) {
    const body = await readBody(request);
    const answer = body === null ? TOO_LARGE : answerControl(settings.control, { ...read, body });
    return send(settings, response, answer, null);
  }
  await meetCounted(settings, request, response, read);
}

const ORIGIN = 'http://sandbox';
const TOO_LARGE = errorAnswer(413, 'too_large', `A body may have ${MAX_BODY_BYTES} bytes.`);

async function meetCounted(
  settings: FrontSettings,
  request: IncomingMessage,
  response: ServerResponse,
  read: Omit<DataRequest, 'body'>,
): Promise<void> {
  const { judge, desk, faults, log } = settings.rooms();
  const callClass = callClassOf(read.path);
  // A token request names its client in its body; every other call is counted before its body has come.
  const tokenBody = read.path === TOKEN_PATH ? await readBody(request) : null;
  const caller = read.path === TOKEN_PATH ? desk.applicant(tokenBody ?? '') : desk.caller(request.headers);
  const arrivedAt = performance.now();
  const address = request.socket.remoteAddress ?? UNKNOWN_CALLER;
  const judged = judge.arrive({ callClass, credential: caller.credential, address, at: arrivedAt });
  response.once('close', judged.left);

  const refusal = refusalOf(judged.standings, arrivedAt);
  const fault = refusal === null ? faults.take(read.path) : null;
  const body = tokenBody ?? (await readBody(request));
  const rightAnswer = answerCounted(settings, refusal, caller, body === null ? null : { ...read, body });
  const answer = fault === null ? rightAnswer : spoil(rightAnswer, fault);
  judged.met(answer.status === 429 ? 'refused' : 'answered');
  log.add({
    arrivedAt,
    method: read.method,
    path: `${read.path}${read.query.size > 0 ? '?' : ''}${read.query.toString()}`,
    callClass,
    credential: caller.credential,
    status: fault?.kind === 'reset' ? 0 : answer.status,
    fault: fault?.kind ?? null,
  });
  await send(settings, response, answer, fault);
}

function answerCounted(
  settings: FrontSettings,
  refusal: Refusal | null,
  caller: Caller,
  request: DataRequest | null,
): Answer {
  if (refusal !== null) return tooMany(refusal);
  if (request === null) return TOO_LARGE;
  const { desk, supply } = settings.rooms();
  if (request.path === TOKEN_PATH) {
    if (request.method === 'POST') return desk.answer(request.body, caller);
    return errorAnswer(405, 'method_not_allowed', `${TOKEN_PATH} takes POST only.`, { Allow: 'POST' });
  }
  if (!caller.isWelcome) {
    const message = `Send X-Api-Key, or a Bearer token from ${TOKEN_PATH} that has not expired.`;
    return errorAnswer(401, 'unauthorized', message, { 'WWW-Authenticate': 'Bearer' });
  }
  return answerData(supply, settings.sizes, request);
}

function tooMany({ standing, retryAfterSeconds }: Refusal): Answer {
  const per = standing.windowMs === 0 ? 'at a time' : `per ${standing.windowMs / 1_000} s`;
  const message = `Limit ${standing.name}: ${standing.limit} calls ${per}, this is number ${standing.count}.`;
  return errorAnswer(429, 'too_many_requests', message, { 'Retry-After': String(retryAfterSeconds) });
}

async function send(
  settings: FrontSettings,
  response: ServerResponse,
  answer: Answer,
  fault: FaultSpec | null,
): Promise<void> {
  if (fault?.kind === 'slow') await keepBack(settings, response, fault.delayMs ?? DEFAULT_DELAY_MS);
  if (response.destroyed) return;
  if (fault?.kind === 'reset' && fault.afterHeaders !== true) {
    response.destroy();
    return;
  }
  const whole = Buffer.from(answerText(answer));
  const half = whole.subarray(0, Math.floor(whole.length / 2));
  // A truncated body is announced as it is sent: only its text tells that something is missing.
  const body = fault?.kind === 'truncated' ? half : whole;
  response.writeHead(answer.status, {
    ...answer.headers,
    Date: new Date(settings.clock.now()).toUTCString(),
    'Content-Type': answer.contentType,
    'Content-Length': body.length,
  });
  if (fault?.kind === 'reset') response.write(half, () => response.destroy());
  else response.end(body);
}

/** Ends early where the caller has gone or the sandbox stops. */
async function keepBack(settings: FrontSettings, response: ServerResponse, delayMs: number): Promise<void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  await settings.clock.sleep(delayMs, AbortSignal.any([gone.signal, settings.stopping]));
  response.off('close', leave);
}

/** @returns null where the body is too large or did not come whole */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return bytes > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}
