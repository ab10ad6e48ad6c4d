/**
 * An error a person can act on: what went wrong, where, and what to do, in `message` alone. `code` is stable.
 * Messages never hold a secret or a supplier's cost.
 */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;
  readonly retryAt: number | null;

  constructor(code: GatewayErrorCode, message: string, options: { cause?: unknown; retryAt?: number | null } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.retryAt = options.retryAt ?? null;
  }
}

export type GatewayErrorCode =
  'CONFIG_INVALID' | 'BAD_USER_INPUT' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'UPSTREAM_UNAVAILABLE' | 'STORE_UNAVAILABLE';
