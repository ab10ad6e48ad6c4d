import type { Sent } from './first-byte.ts';
import { CallFailed } from './supplier-call.ts';

/**
 * True where a connection was not let up at all: reset in the middle of the handshake, as allow lists of addresses do, or a
 * certificate that one side does not accept. A connection that had carried a byte of ours and is reset is an ordinary failure.
 * A port that nobody listens on is not a refusal either: the server is down.
 */
export function isAtTheDoor(error: unknown, sent: Sent): boolean {
  const code = innermostCode(error);
  if (code === null) return false;
  if (CERTIFICATE_CODES.has(code) || code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    return true;
  }
  return code === 'ECONNRESET' && sent.surelyNothing();
}

/** @param why in a few words, without a full stop */
export function refusedAtTheDoor(supplier: string, why: string, retryAt: number | null): CallFailed {
  return new CallFailed(
    'refused',
    `${supplier} refused the connection: ${why}. The address of this host may not be on the supplier's allow-list, or a certificate is not accepted.`,
    { retryAt },
  );
}

/** What OpenSSL says of a certificate: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function innermostCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error.cause instanceof Error) return innermostCode(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
