import type { Clock } from '../domain/clock.ts';

/** Spares a supplier that does not answer, and spares callers the wait for it. */
export interface Breaker {
  /** @returns null where calls may go out */
  resting(supplier: string): Resting | null;
  /** Lets a call in, or says when to ask again. A pass ends with one `leave`. */
  enter(supplier: string): Pass | Resting;
  leave(pass: Pass, result: Health): void;
}

/** What a call showed of its supplier. */
export type Health =
  | 'answered'
  | 'failed'
  /** The connection was not let up: our address or our trust is at fault, and asking again soon makes it worse. */
  | 'refused at the door'
  /** Nothing: it was not made, or its caller left. */
  | 'given up';

/** No call is made. */
export interface Resting {
  /** When to ask again, epoch ms. */
  readonly retryAt: number;
  /** Present where the supplier refused the connection itself. */
  readonly isRefusedAtTheDoor?: true;
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
  /** In a row; 0 where it is open for another reason, or closed. */
  refusalsAtTheDoor: number;
  isProbing: boolean;
}

/** Unreachable, timed out or 5xx, one after the other. */
const FAILURES_TO_OPEN = 5;
const OPEN_FIRST_MS = 5_000;
const OPEN_AT_MOST_MS = 5 * 60_000;
/** An allow list or a certificate is mended by a person: minutes, then longer. */
const DOOR_FIRST_MS = 5 * 60_000;
const DOOR_AT_MOST_MS = 60 * 60_000;

/** One circuit for each supplier, in this process: closed, open for a time that doubles, half open for one probe. */
export function createBreaker(clock: Clock): Breaker {
  const circuits = new Map<string, Circuit>();

  const resting = (supplier: string): Resting | null => {
    const circuit = circuits.get(supplier);
    if (circuit === undefined || circuit.openUntil === null) return null;
    const why = circuit.refusalsAtTheDoor > 0 ? { isRefusedAtTheDoor: true as const } : {};
    if (clock.now() < circuit.openUntil) return { retryAt: circuit.openUntil, ...why };
    return circuit.isProbing ? { retryAt: clock.now() + OPEN_FIRST_MS, ...why } : null;
  };

  const circuitOf = (supplier: string): Circuit => {
    const closed = { failures: 0, openUntil: null, openings: 0, refusalsAtTheDoor: 0, isProbing: false };
    const circuit = circuits.get(supplier) ?? closed;
    circuits.set(supplier, circuit);
    return circuit;
  };

  const refuseAtTheDoor = (supplier: string, isProbe: boolean): void => {
    const circuit = circuitOf(supplier);
    // Calls that were under way when it closed say nothing new.
    if (circuit.refusalsAtTheDoor > 0 && !isProbe) return;
    const doublings = Math.min(circuit.refusalsAtTheDoor, 10);
    circuit.refusalsAtTheDoor += 1;
    circuit.openUntil = clock.now() + Math.min(DOOR_FIRST_MS * 2 ** doublings, DOOR_AT_MOST_MS);
  };

  const fail = (supplier: string, isProbe: boolean): void => {
    const circuit = circuitOf(supplier);
    circuit.failures += 1;
    // Calls that were under way when it opened say nothing new.
    if (!isProbe && (circuit.openUntil !== null || circuit.failures < FAILURES_TO_OPEN)) return;
    circuit.refusalsAtTheDoor = 0;
    circuit.openUntil = clock.now() + Math.min(OPEN_FIRST_MS * 2 ** Math.min(circuit.openings, 10), OPEN_AT_MOST_MS);
    circuit.openings += 1;
  };

  return {
    resting,
    enter(supplier) {
      const rest = resting(supplier);
      if (rest !== null) return rest;
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
      if (result === 'refused at the door') refuseAtTheDoor(supplier, isProbe);
    },
  };
}
