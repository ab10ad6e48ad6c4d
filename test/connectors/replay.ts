import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  CallFailed,
  type CallSupplier,
  type SupplierAnswer,
  type SupplierRequest,
} from '../../src/outbound/supplier-call.ts';

/** What a supplier once answered to one request. */
export interface Recording {
  readonly file: string;
  readonly request: Pick<SupplierRequest, 'path' | 'query' | 'json'>;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What the contract suite asks of a connector so that its recordings are the answers. */
export interface Asks {
  /** The gateway's clock while asking, ISO 8601. */
  readonly now: string;
  /** Where the incremental walk of a feed starts, ISO 8601. */
  readonly since: Readonly<Record<string, string>>;
  /** Keys of one `readStock` each. */
  readonly stock: readonly (readonly string[])[];
  /** Keys of one `readStock` each whose answer cannot be used at all. */
  readonly unusable?: readonly (readonly string[])[];
}

const ROOT = fileURLToPath(new URL('./recorded/', import.meta.url));
const ASKS = 'asks.json';

export function hasRecordings(connector: string): boolean {
  return existsSync(`${ROOT}${connector}/${ASKS}`);
}

export function loadRecordings(connector: string): Recording[] {
  return readdirSync(`${ROOT}${connector}`)
    .filter((file) => file.endsWith('.json') && file !== ASKS)
    .map((file) => ({ ...(readJson(`${connector}/${file}`) as Omit<Recording, 'file'>), file }));
}

export function loadAsks(connector: string): Asks {
  return readJson(`${connector}/${ASKS}`) as Asks;
}

export interface Replay {
  readonly call: CallSupplier;
  readonly requests: SupplierRequest[];
  /** Recordings served, in order. */
  readonly served: Recording[];
  readonly answers: SupplierAnswer[];
}

/**
 * A supplier that answers from recordings, by path, query and body. Each answer comes a second after the one before.
 * Like the gate, it takes a status for an answer only where the request says so.
 * @param startAt our clock at the first call, epoch ms; the supplier's runs 5 seconds ahead
 */
export function replay(recordings: readonly Recording[], startAt: number): Replay {
  const replayed: Replay = { call: async (request) => serve(request), requests: [], served: [], answers: [] };
  const byRequest = new Map(recordings.map((recording) => [requestKey(recording.request), recording]));
  const serve = (request: SupplierRequest): SupplierAnswer => {
    replayed.requests.push(request);
    const recording = byRequest.get(requestKey(request));
    if (recording === undefined) throw new CallFailed('broken', `no answer is recorded for ${requestKey(request)}`);
    replayed.served.push(recording);
    const isAnswer = recording.status < 300 || request.alsoAnswers?.includes(recording.status) === true;
    if (!isAnswer) throw new CallFailed('broken', `${recording.file} has status ${recording.status}`);
    const sentAt = startAt + replayed.answers.length * 1_000;
    const { status, headers, body } = recording;
    const answer = {
      status,
      headers,
      body: structuredClone(body),
      sentAt,
      askedAt: sentAt - 10,
      sentAtSupplier: sentAt + 5_000,
    };
    replayed.answers.push(answer);
    return answer;
  };
  return replayed;
}

/** The same in any order of query parameters. */
function requestKey({ path, query = {}, json }: Recording['request']): string {
  const sorted = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1));
  const search = sorted.map(([name, value]) => `${name}=${value}`).join('&');
  return `${path}?${search} ${json === undefined ? '' : JSON.stringify(json)}`;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(`${ROOT}${path}`, 'utf8'));
}
