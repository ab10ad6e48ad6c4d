/**
 * Joins the keys of all requests in flight into few statements: a statement for each request is what a read path spends most on.
 * While `statementsInFlight` are running, further keys wait and share the next one.
 */
export interface Batcher<K, V> {
  /** Values by key; a key without a value is missing from the map. */
  getMany(keys: readonly K[]): Promise<ReadonlyMap<K, V>>;
}

export interface BatcherOptions<K, V> {
  readonly load: (keys: K[]) => Promise<ReadonlyMap<K, V>>;
  readonly keysPerStatement: number;
  readonly statementsInFlight: number;
}

interface Waiter<K, V> {
  readonly keys: readonly K[];
  readonly resolve: (found: ReadonlyMap<K, V>) => void;
  readonly reject: (error: unknown) => void;
}

export function createBatcher<K, V>(options: BatcherOptions<K, V>): Batcher<K, V> {
  let waiting: Waiter<K, V>[] = [];
  let running = 0;
  let isScheduled = false;

  const schedule = (): void => {
    if (isScheduled || running >= options.statementsInFlight || waiting.length === 0) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      void run();
    });
  };

  const run = async (): Promise<void> => {
    const batch = takeBatch();
    if (batch.length === 0) return;
    running += 1;
    schedule();
    try {
      const found = await options.load([...new Set(batch.flatMap((waiter) => waiter.keys))]);
      for (const waiter of batch) waiter.resolve(found);
    } catch (error) {
      for (const waiter of batch) waiter.reject(error);
    } finally {
      running -= 1;
      schedule();
    }
  };

  const takeBatch = (): Waiter<K, V>[] => {
    let keys = 0;
    let taken = 0;
    for (const waiter of waiting) {
      if (taken > 0 && keys + waiter.keys.length > options.keysPerStatement) break;
      keys += waiter.keys.length;
      taken += 1;
    }
    const batch = waiting.slice(0, taken);
    waiting = waiting.slice(taken);
    return batch;
  };

  return {
    getMany: (keys) =>
      new Promise((resolve, reject) => {
        if (keys.length === 0) return resolve(new Map());
        waiting.push({ keys, resolve, reject });
        schedule();
      }),
  };
}
