import { createListeners } from './wake.ts';
import type { Wake } from './wake.ts';

/** The in-memory twin: wakes this process only, in a later turn, as the real one does. */
export function memoryWake(): Wake {
  const listeners = createListeners();
  return {
    notify(topic) {
      setImmediate(() => listeners.wake(topic));
    },
    onWake: (topic, listener) => listeners.add(topic, listener),
    close() {
      listeners.clear();
      return Promise.resolve();
    },
  };
}
