import type { CallClass } from '../domain/profile.ts';
import type { FaultKind } from './faults.ts';

/** A call as it was met. Holds no secret: headers and bodies are not kept. */
export interface LoggedRequest {
  /** Monotonic milliseconds, as the verdict counts them. */
  readonly arrivedAt: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly callClass: CallClass;
  readonly credential: string;
  /** What was sent; 0 where the connection was broken off. */
  readonly status: number;
  readonly fault: FaultKind | null;
}

/** The latest calls, for a person who wants to see what a caller did. */
export interface RequestLog {
  add(request: LoggedRequest): void;
  /** The newest first. */
  latest(limit: number): readonly LoggedRequest[];
}

export const MAX_LOGGED = 1_000;

export function createRequestLog(): RequestLog {
  const kept: LoggedRequest[] = [];
  return {
    add: (request) => {
      kept.push(request);
      if (kept.length > MAX_LOGGED) kept.shift();
    },
    latest: (limit) => kept.slice(-Math.max(1, limit)).reverse(),
  };
}
