import type { Clock } from '../domain/clock.ts';
import type { Lane } from '../domain/lane.ts';
import type { CallOrigin, CallWindow } from './windows.ts';

/** One call's worth of a supplier's budget. Times in milliseconds. */
export interface Permit extends CallOrigin {
  readonly id: string;
  readonly lane: Lane;
  readonly windows: readonly CallWindow[];
  /** Epoch, on the budget's clock. */
  readonly grantedAt: number;
  /** How long after the grant its call can still arrive. */
  readonly holdMs: number;
  /** This process's monotonic clock before the grant was asked for. */
  readonly takenAt: number;
  /** The wall clock at the same moment. */
  readonly wallAt: number;
}

/** A holder that was held up longer than this drops its permit and takes a new one. */
export const PERMIT_MAX_AGE_MS = 500;

/**
 * How long ago a permit was taken: by the monotonic clock, which stands still while a machine is suspended, or by the wall clock,
 * which can be set; the longer one holds.
 */
export function permitAgeMs(permit: Permit, clocks: { monotonic: () => number; clock: Clock }): number {
  return Math.max(clocks.monotonic() - permit.takenAt, clocks.clock.now() - permit.wallAt);
}
