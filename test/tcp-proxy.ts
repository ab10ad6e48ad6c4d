import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type WireMode = 'pass' | 'cut' | 'stall' | 'freeze' | 'orphan';

/** A wire that a test can cut, or leave standing without a word passing: the ways in which a server is away. */
export interface TcpProxy {
  readonly port: number;
  /**
   * `pass` as usual; `cut` ends what is open and refuses what comes; `stall` ends what is open, takes what comes and passes nothing on;
   * `freeze` leaves what is open and passes nothing on; `orphan` does so with what is open, for ever, and serves what comes anew.
   */
  set(mode: WireMode): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  let mode: WireMode = 'pass';
  let orphanings = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    if (mode === 'cut') return client.destroy();
    const upstream = connect(target);
    const generation = orphanings;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('data', (bytes) => {
        const isPassing = mode === 'pass' || (mode === 'orphan' && generation === orphanings);
        if (isPassing) to.write(bytes);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      mode = next;
      // What was held back while it stood is lost with its connection.
      if (mode === 'orphan') orphanings += 1;
      else if (mode !== 'freeze') cut();
    },
    close() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
