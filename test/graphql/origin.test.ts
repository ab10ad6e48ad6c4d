import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startGateway, type RunningGateway } from './running-gateway.ts';

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

function opened(origin: string | undefined): Promise<string> {
  const socket = new WebSocket(gateway.socketUrl, 'graphql-transport-ws', origin === undefined ? {} : { origin });
  return new Promise((resolve) => {
    socket.once('open', () => {
      resolve('open');
      socket.close();
    });
    socket.once('error', (error) => resolve(error.message));
  });
}

describe('a socket', () => {
  it('is open to programs and to pages of this address', async () => {
    expect(await opened(undefined)).toBe('open');
    expect(await opened(gateway.url)).toBe('open');
  });

  it.each(['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'not an origin'])(
    'is closed to pages of %s',
    async (origin) => {
      expect(await opened(origin)).toMatch(/403/);
    },
  );
});
