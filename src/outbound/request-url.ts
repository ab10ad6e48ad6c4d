import { CallFailed, type SupplierConnection, type SupplierRequest } from './supplier-call.ts';

/**
 * The address of a request. Whatever a supplier sends as "next page", it stays on the supplier's own scheme, host and port,
 * and names no user: our credentials go along.
 * @throws CallFailed `broken`
 */
export function requestUrl(connection: SupplierConnection, request: Pick<SupplierRequest, 'path' | 'query'>): URL {
  const base = new URL(connection.baseUrl);
  const url = URL.canParse(request.path, base.href) ? new URL(request.path, base) : null;
  if (url === null || url.origin !== base.origin || url.username !== '' || url.password !== '') {
    throw new CallFailed(
      'broken',
      `${connection.supplier}: a link does not stay on ${base.origin} and is not followed${url === null ? '' : ` (it leads to ${url.protocol}//${url.host})`}.`,
    );
  }
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, String(value));
  url.hash = '';
  return url;
}
