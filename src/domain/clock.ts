/** Time and waiting, handed in so that a test can turn the clock by hand. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Waits for work, but not longer than `ms`. The work goes on; the timer does not, so nothing keeps the process alive.
 * @returns what the work gave, or `late`
 */
export async function within<T, L>(clock: Clock, work: Promise<T>, ms: number, late: L): Promise<T | L> {
  const over = new AbortController();
  try {
    return await Promise.race([work, clock.sleep(ms, over.signal).then(() => late)]);
  } finally {
    over.abort();
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, ms));
      signal?.addEventListener('abort', done, { once: true });
    }),
};
