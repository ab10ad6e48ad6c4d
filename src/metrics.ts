import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the gateway counts, for Prometheus. Names end in their unit; labels never hold a part number or a caller. */
export interface Metrics {
  readonly registry: Registry;
  readonly supplierCalls: Counter<'supplier' | 'call_class' | 'lane' | 'outcome'>;
  readonly supplierCallSeconds: Histogram<'supplier' | 'call_class'>;
  readonly permitWaitSeconds: Histogram<'supplier' | 'lane'>;
  readonly syncRows: Counter<'supplier' | 'feed' | 'result'>;
  readonly syncRuns: Counter<'supplier' | 'feed' | 'mode' | 'result'>;
  readonly operations: Counter<'operation' | 'result'>;
}

/** Gauges whose value is read when somebody asks for it. */
export interface MetricSources {
  /** Seconds since each supplier's feed was last walked to its end. */
  readonly feedAges: () => Promise<readonly { supplier: string; feed: string; ageSeconds: number }[]>;
  /** Calls that occupy each window, of how many. */
  readonly windows: () => Promise<readonly { supplier: string; window: string; occupied: number; limit: number }[]>;
  readonly deadLetters: () => Promise<number>;
  readonly changePosition: () => Promise<number>;
}

const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  addGauges(registers, sources);
  return {
    registry,
    supplierCalls: new Counter({
      name: 'gateway_supplier_calls_total',
      help: 'Calls made to suppliers, every attempt counted.',
      labelNames: ['supplier', 'call_class', 'lane', 'outcome'],
      registers,
    }),
    supplierCallSeconds: new Histogram({
      name: 'gateway_supplier_call_seconds',
      help: 'From the first byte sent to the last byte read.',
      labelNames: ['supplier', 'call_class'],
      buckets: SECONDS,
      registers,
    }),
    permitWaitSeconds: new Histogram({
      name: 'gateway_permit_wait_seconds',
      help: 'How long a call waited for the budget.',
      labelNames: ['supplier', 'lane'],
      buckets: SECONDS,
      registers,
    }),
    syncRows: new Counter({
      name: 'gateway_sync_rows_total',
      help: 'Rows that sync runs read, by what became of them.',
      labelNames: ['supplier', 'feed', 'result'],
      registers,
    }),
    syncRuns: new Counter({
      name: 'gateway_sync_runs_total',
      help: 'Sync runs that ended.',
      labelNames: ['supplier', 'feed', 'mode', 'result'],
      registers,
    }),
    operations: new Counter({
      name: 'gateway_graphql_operations_total',
      help: 'GraphQL operations answered.',
      labelNames: ['operation', 'result'],
      registers,
    }),
  };
}

/** A source that is away leaves its gauge without a value: a number would be a guess. */
function addGauges(registers: Registry[], sources: MetricSources): void {
  gauge(
    registers,
    'gateway_feed_age_seconds',
    'Since the feed was last walked to its end.',
    ['supplier', 'feed'],
    async (self) => {
      for (const { ageSeconds, ...labels } of await sources.feedAges()) self.set(labels, ageSeconds);
    },
  );
  gauge(
    registers,
    'gateway_window_occupied_calls',
    'Calls that occupy a window of a supplier now.',
    ['supplier', 'window'],
    async (self) => {
      for (const { supplier, window, occupied } of await sources.windows()) self.set({ supplier, window }, occupied);
    },
  );
  gauge(
    registers,
    'gateway_window_limit_calls',
    'Calls a window of a supplier takes.',
    ['supplier', 'window'],
    async (self) => {
      for (const { supplier, window, limit } of await sources.windows()) self.set({ supplier, window }, limit);
    },
  );
  gauge(registers, 'gateway_dead_letters', 'Records that could not be taken.', [], async (self) => {
    self.set(await sources.deadLetters());
  });
  gauge(registers, 'gateway_change_position', 'Place of the newest change in the change feed.', [], async (self) => {
    self.set(await sources.changePosition());
  });
}

function gauge<L extends string>(
  registers: Registry[],
  name: string,
  help: string,
  labelNames: readonly L[],
  read: (self: Gauge<L>) => Promise<void>,
): void {
  const self: Gauge<L> = new Gauge<L>({
    name,
    help,
    labelNames: [...labelNames],
    registers,
    async collect() {
      self.reset();
      if (labelNames.length === 0) self.remove();
      await read(self).catch(() => undefined);
    },
  });
}
