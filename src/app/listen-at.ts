import type { Config } from '../config.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { Http } from '../http.ts';

/**
 * @returns where it listens, as a URL without a path
 * @throws GatewayError CONFIG_INVALID where the port or address cannot be had
 */
export async function listenAt(http: Pick<Http, 'listen'>, { host, port }: Config['http']): Promise<string> {
  try {
    return await http.listen(host, port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const sentence = sentenceFor(code, host, port);
    throw sentence === null ? error : new GatewayError('CONFIG_INVALID', sentence, { cause: error });
  }
}

function sentenceFor(code: string, host: string, port: number): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken: stop what listens there or set PORT to another.`;
    case 'EACCES':
      return `Port ${port} of ${host} needs rights that this user has not: set PORT to 1024 or above.`;
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${host}: set HOST to one that it has, 127.0.0.1 or 0.0.0.0.`;
    case 'ENOTFOUND':
      return `There is no host named ${host}: set HOST to an address of this machine, 127.0.0.1 or 0.0.0.0.`;
    default:
      return null;
  }
}
