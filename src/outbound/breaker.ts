import type { Clock } from '../domain/clock.ts';

/** Spares a supplier that does not answer, and spares callers the wait for it. */
export interface Breaker {
  /** @returns null where calls may go out, else when to ask again, epoch ms */
  closedAt(supplier: string): number | null;
  /** Lets a call in, or says when to ask again. A pass ends with one `leave`. */
  enter(supplier: string): Pass | { readonly retryAt: number };
  leave(pass: Pass, result: 'answered' | 'failed' | 'given up'): void;
}

export interface Pass {
  readonly supplier: string;
  /** The single call that tries whether the supplier is back. */
  readonly isProbe: boolean;
}

interface Circuit {
  failures: number;
  /** Null while closed. */
  openUntil: number | null;
  openings: number;
  isProbing: boolean;
}

/** Unreachable, timed out or 5xx, one after the other. */
const FAILURES_TO_OPEN = 5;
const OPEN_FIRST_MS = 5_000;
const OPEN_AT_MOST_MS = 5 * 60_000;

/** One circuit for each supplier, in this process: closed, open for a time that doubles, half open for one probe. */
export function createBreaker(clock: Clock): Breaker {
  const circuits = new Map<string, Circuit>();

  const closedAt = (supplier: string): number | null => {
    const circuit = circuits.get(supplier);
    if (circuit === undefined || circuit.openUntil === null) return null;
    if (clock.now() < circuit.openUntil) return circuit.openUntil;
    return circuit.isProbing ? clock.now() + OPEN_FIRST_MS : null;
  };

  const fail = (supplier: string, isProbe: boolean): void => {
    const circuit = circuits.get(supplier) ?? { failures: 0, openUntil: null, openings: 0, isProbing: false };
    circuits.set(supplier, circuit);
    circuit.failures += 1;
    // Calls that were under way when it opened say nothing new.
    if (!isProbe && (circuit.openUntil !== null || circuit.failures < FAILURES_TO_OPEN)) return;
    circuit.openUntil = clock.now() + Math.min(OPEN_FIRST_MS * 2 ** Math.min(circuit.openings, 10), OPEN_AT_MOST_MS);
    circuit.openings += 1;
  };

  return {
    closedAt,
    enter(supplier) {
      const retryAt = closedAt(supplier);
      if (retryAt !== null) return { retryAt };
      const circuit = circuits.get(supplier);
      const isProbe = circuit !== undefined && circuit.openUntil !== null;
      if (isProbe) circuit.isProbing = true;
      return { supplier, isProbe };
    },
    leave({ supplier, isProbe }, result) {
      if (result === 'answered') return void circuits.delete(supplier);
      const circuit = circuits.get(supplier);
      if (isProbe && circuit !== undefined) circuit.isProbing = false;
      if (result === 'failed') fail(supplier, isProbe);
    },
  };
}
