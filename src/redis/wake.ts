import { replaceWhenSilent, type Redis } from './connection.ts';

export type WakeTopic = 'changes' | 'jobs';

/** A tap on the shoulder of every process: look now. It carries nothing and may be lost; whoever waits also looks by himself. */
export interface Wake {
  /** Fire and forget, after commit. */
  notify(topic: WakeTopic): void;
  /** @returns ends it */
  onWake(topic: WakeTopic, listener: () => void): () => void;
  /** Ends the subscription; the client that was handed in stays open. */
  close(): Promise<void>;
}

const TOPICS: readonly WakeTopic[] = ['changes', 'jobs'];

/** Over Redis pub/sub, on a connection of its own: one that subscribes can do nothing else. */
export function redisWake(client: Redis, prefix: string): Wake {
  const listeners = createListeners();
  const channel = (topic: WakeTopic): string => `${prefix}wake:${topic}`;
  const subscriber = client.duplicate() as Redis;
  let isSubscribed = false;
  const subscribe = async (): Promise<void> => {
    if (isSubscribed) return;
    // Once taken, the client renews it by itself after each reconnect.
    for (const topic of TOPICS) await subscriber.subscribe(channel(topic), () => listeners.wake(topic));
    isSubscribed = true;
  };
  subscriber.on('error', () => undefined);
  subscriber.on('ready', () => void subscribe().catch(() => undefined));
  const connecting = subscriber.connect().catch(() => undefined);
  replaceWhenSilent(subscriber);
  return {
    notify(topic) {
      void client.publish(channel(topic), '').catch(() => undefined);
    },
    onWake: (topic, listener) => listeners.add(topic, listener),
    async close() {
      listeners.clear();
      subscriber.destroy();
      await connecting;
    },
  };
}

/** Who wants to be woken, by topic. */
export interface Listeners {
  add(topic: WakeTopic, listener: () => void): () => void;
  wake(topic: WakeTopic): void;
  clear(): void;
}

export function createListeners(): Listeners {
  const byTopic: Record<WakeTopic, Set<() => void>> = { changes: new Set(), jobs: new Set() };
  return {
    add(topic, listener) {
      // A wrapper, so that one function added twice is two listeners.
      const entry = (): void => listener();
      byTopic[topic].add(entry);
      return () => void byTopic[topic].delete(entry);
    },
    wake(topic) {
      for (const entry of [...byTopic[topic]]) entry();
    },
    clear() {
      for (const topic of TOPICS) byTopic[topic].clear();
    },
  };
}
