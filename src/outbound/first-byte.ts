import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/**
 * The moment between a finished connection and the first byte on it. The client may have waited there for seconds (connecting,
 * or the whole process frozen), so this is where a call's right to be sent is looked at for the last time.
 * Node publishes both moments for its own HTTP client: https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
 */
export interface Sending {
  /** Asked right before the first byte; false breaks the connection with nothing written. */
  readonly mayStillSend: () => boolean;
  /** Told that the first byte is being written. */
  readonly onFirstByte: () => void;
}

export interface Sent {
  /** True only where it is certain that not one byte was written. */
  surelyNothing(): boolean;
}

interface Watched extends Sending {
  isClientSeen: boolean;
  isWritten: boolean;
}

const watchedHere = new AsyncLocalStorage<Watched>();
const watchedRequests = new WeakMap<object, Watched>();

/** Runs one request of the HTTP client under watch. */
export function watchSending<T>(
  sending: Sending,
  send: () => Promise<T>,
): { readonly done: Promise<T>; readonly sent: Sent } {
  subscribeOnce();
  const watched: Watched = { ...sending, isClientSeen: false, isWritten: false };
  const done = watchedHere.run(watched, send);
  return { done, sent: { surelyNothing: () => watched.isClientSeen && !watched.isWritten } };
}

let isSubscribed = false;

function subscribeOnce(): void {
  if (isSubscribed) return;
  isSubscribed = true;
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: object };
    const watched = watchedHere.getStore();
    if (watched === undefined) return;
    watched.isClientSeen = true;
    watchedRequests.set(request, watched);
  });
  subscribe('undici:client:sendHeaders', (message) => {
    const { request, socket } = message as { request: object; socket: Socket };
    const watched = watchedRequests.get(request);
    if (watched === undefined) return;
    // One permit, one call: should the client ever repeat a request by itself, the second is stopped here.
    if (watched.isWritten || !watched.mayStillSend()) return void socket.destroy();
    watched.isWritten = true;
    watched.onFirstByte();
  });
}
