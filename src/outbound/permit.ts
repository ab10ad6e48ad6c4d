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
}

/** A holder that was held up longer than this drops its permit and takes a new one. */
export const PERMIT_MAX_AGE_MS = 500;
