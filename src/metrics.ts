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
  /** What is used of each supplier's limits. Read once however many gauges show a part of it. */
  readonly budgets: () => Promise<readonly BudgetFigures[]>;
  readonly deadLetters: () => Promise<number>;
  readonly changePosition: () => Promise<number>;
}

/** What the gauges show of one supplier. A list is empty where what it is about could not be read. */
export interface BudgetFigures {
  readonly supplier: string;
  readonly windows: readonly WindowFigures[];
  /** Seconds until the pause ends, 0 where none is on; null where it could not be read. */
  readonly pausedSeconds: number | null;
  /** Calls of this process that wait for a permit. */
  readonly waiting: readonly { readonly lane: string; readonly calls: number }[];
  readonly strikes: readonly { readonly window: string; readonly allowed: number; readonly left: number }[];
}

export interface WindowFigures {
  readonly window: string;
  readonly occupied: number;
  readonly limit: number;
  readonly effective: number;
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
  addBudgetGauges(registers, sources.budgets);
  gauge(registers, 'gateway_dead_letters', 'Records that could not be taken.', [], async (self) => {
    self.set(await sources.deadLetters());
  });
  gauge(registers, 'gateway_change_position', 'Place of the newest change in the change feed.', [], async (self) => {
    self.set(await sources.changePosition());
  });
}

/** All gauges of a scrape are read in one moment, so they share one reading. */
function addBudgetGauges(registers: Registry[], budgets: MetricSources['budgets']): void {
  const read = whileUnderWay(budgets);
  const ofWindows = (name: string, help: string, value: (window: WindowFigures) => number): void =>
    gauge(registers, name, help, ['supplier', 'window'], async (self) => {
      for (const { supplier, windows } of await read())
        for (const window of windows) self.set({ supplier, window: window.window }, value(window));
    });
  const ofStrikes = (name: string, help: string, value: 'allowed' | 'left'): void =>
    gauge(registers, name, help, ['supplier', 'window'], async (self) => {
      for (const { supplier, strikes } of await read())
        for (const one of strikes) self.set({ supplier, window: one.window }, one[value]);
    });
  ofWindows('gateway_window_occupied_calls', 'Calls that occupy a window of a supplier now.', (one) => one.occupied);
  ofWindows('gateway_window_limit_calls', 'Calls of a window of a supplier that are ours.', (one) => one.limit);
  ofWindows('gateway_window_effective_calls', 'The same, after what its answers taught.', (one) => one.effective);
  ofStrikes('gateway_strikes_allowed', 'Times over a limit that bring a penalty.', 'allowed');
  ofStrikes('gateway_strikes_left', 'How many of these are left.', 'left');
  gauge(registers, 'gateway_supplier_pause_seconds', 'Until its pause ends.', ['supplier'], async (self) => {
    for (const { supplier, pausedSeconds } of await read())
      if (pausedSeconds !== null) self.set({ supplier }, pausedSeconds);
  });
  gauge(
    registers,
    'gateway_lane_waiting_calls',
    'Calls of this process that wait for a permit.',
    ['supplier', 'lane'],
    async (self) => {
      for (const { supplier, waiting } of await read())
        for (const { lane, calls } of waiting) self.set({ supplier, lane }, calls);
    },
  );
}

/** Whoever asks while a reading is under way gets the same one. */
function whileUnderWay<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return () => (underWay ??= read().finally(() => (underWay = null)));
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
