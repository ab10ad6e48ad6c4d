import { connect } from 'node:net';
import { createClient } from 'graphql-ws';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { everyResult, startGateway } from './running-gateway.ts';

it('answers the request in flight when it stops, and takes no other', async () => {
  const gateway = await startGateway();
  const port = Number(new URL(gateway.url).port);
  const socket = connect(port, '127.0.0.1');
  const answer = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
  });
  const body = '{"query":"{ suppliers { name } }"}';
  socket.write(`POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n`);
  socket.write(`Content-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
  // The next request's answer says that the server has read what came before.
  await fetch(`${gateway.url}/health/live`);
  const stopped = gateway.close();
  await expect(refusedAfterAWhile(gateway.url)).resolves.toBe(true);
  socket.write(body.slice(5));
  expect(await answer).toMatch(/^HTTP\/1\.1 200 [^]*\{"data":\{"suppliers":/);
  await stopped;
});

it('counts every operation once, over both transports', async () => {
  const gateway = await startGateway();
  const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    await gateway.ask('{ suppliers { name } }');
    await gateway.ask('{ part(by: { id: "42" }) { id } }');
    await gateway.ask('{');
    await everyResult(client.iterate({ query: '{ suppliers { name } }' }));
    await everyResult(client.iterate({ query: 'subscription { refreshJobUpdated(id: "job_none") { id } }' }));
    await everyResult(client.iterate({ query: '{' })).catch(() => undefined);
    expect(gateway.operations).toEqual([
      'query ok',
      'query errors',
      'unreadable errors',
      'query ok',
      'subscription errors',
      'unreadable errors',
    ]);
  } finally {
    await client.dispose();
    await gateway.close();
  }
});

async function refusedAfterAWhile(url: string): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    const response = await fetch(`${url}/health/ready`, { headers: { connection: 'close' } }).catch(() => null);
    if (response === null || response.status === 503) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
