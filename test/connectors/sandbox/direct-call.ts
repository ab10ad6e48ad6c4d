import type { Authentication, CallSupplier } from '../../../src/outbound/supplier-call.ts';
import { sandbox as connector } from '../../../src/connectors/sandbox/sandbox.ts';

/** Calls a supplier over HTTP with nothing in between: no budget, no retries, no time-out. */
export function createDirectCall(baseUrl: string, headers: Readonly<Record<string, string>>): CallSupplier {
  return async ({ path, query = {}, method, json, expects }) => {
    const url = new URL(path, baseUrl);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const sentAt = Date.now();
    const response = await fetch(url, {
      method,
      headers: { ...headers, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const date = response.headers.get('date');
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: expects === 'json' ? await response.json() : await response.text(),
      sentAt,
      askedAt: sentAt,
      sentAtSupplier: date === null ? sentAt : Date.parse(date),
    };
  };
}

/** Asks for a token exactly as the connector states it. */
export async function bearerOf(baseUrl: string): Promise<Readonly<Record<string, string>>> {
  const secrets: Readonly<Record<string, string>> = { clientId: 'sandbox', clientSecret: 'sandbox-secret' };
  const authentication: Authentication = connector.authentication((name) => secrets[name] ?? '');
  if (authentication.kind !== 'clientCredentials') throw new Error('The sandbox connector wants client credentials.');
  const response = await fetch(new URL(authentication.tokenPath, baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      grant_type: 'client_credentials',
      client_id: authentication.clientId(),
      client_secret: authentication.clientSecret(),
    }),
  });
  const { access_token } = (await response.json()) as { readonly access_token: string };
  return { authorization: `Bearer ${access_token}` };
}
