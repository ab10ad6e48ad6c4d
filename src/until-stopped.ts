/**
 * Resolves at the first SIGINT or SIGTERM, or when the program that started this one is gone. A second signal ends the process
 * at once.
 */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      // A listener for it would keep the channel to the parent, and with it this process, alive.
      process.off('disconnect', stop);
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.off(signal, stop);
        process.once(signal, () => process.exit(130));
      }
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    if (process.connected) process.once('disconnect', stop);
  });
}
